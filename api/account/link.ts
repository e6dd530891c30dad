import { createRemoteJWKSet, decodeJwt, errors, type JWTVerifyGetKey, jwtVerify, SignJWT } from 'jose';
import type { AccountConfig, AccountLinkConfig } from '../../config/config.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import { userIdSchema } from '../validation.ts';

/** A link to the account page that a host product has signed. */
export interface AccountLink {
  readonly mode: Mode;
  readonly userId: string;
  /** The host product's id of the link (`jti`): it opens the page once. */
  readonly linkId: string;
  readonly expiresAt: Date;
}

/** The link opens nothing; the message says to the host product's developer why, and is no secret. */
export class AccountLinkRefused extends Error {
  override readonly name = 'AccountLinkRefused';
}

/** How long a link may be good for at most, from when it was signed. */
const LIFETIME_SECONDS = 600;
/** By how much the clocks of host product and api may differ. */
const CLOCK_TOLERANCE_SECONDS = 30;
const MAX_LINK_ID_LENGTH = 255;
const SECRET_ALGORITHM = 'HS256';
/** Of keys that the host product publishes. Never a secret's: a public key must not pass for one. */
const PUBLIC_KEY_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];

/** The `aud` of a link: a link of one mode never opens the other's page. */
export const accountAudience = (mode: Mode): string => `durable-billing:${mode}`;

/**
 * Reads the tokens of links: JWTs with `sub` (the user's id), `aud`, `jti`, `iat` and `exp`, signed with one of the mode's
 * secrets or, where the host product publishes its keys, with one of those.
 *
 * @returns what reads one; it throws {@link AccountLinkRefused} for a token that is none of the host product's, or is so no more.
 */
export function accountLinkReader(
  { links }: Pick<AccountConfig, 'links'>,
  now: () => Date = () => new Date(),
): (token: string) => Promise<AccountLink> {
  const keys = { live: keysOf(links.live), test: keysOf(links.test) };
  return async (token) => {
    const mode = modeOfToken(token);
    let refusal: unknown = new AccountLinkRefused(
      `Links to the account page are not set up in ${mode} mode: see ACCOUNT_LINK_SECRETS in .env.example`,
    );
    for (const { key, algorithms } of keys[mode]) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [...algorithms],
          audience: accountAudience(mode),
          requiredClaims: ['sub', 'jti', 'iat', 'exp'],
          maxTokenAge: LIFETIME_SECONDS,
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          currentDate: now(),
        });
        return linkOf(mode, payload);
      } catch (error) {
        // Another key may know it; what a good key has found wrong, no other mends.
        refusal = error;
        if (!isOfAnotherKey(error)) break;
      }
    }
    throw refused(refusal);
  };
}

/** Signs the token of a link, as a host product does: for the command line, the demo and tests. */
export async function signAccountLink(
  secret: string,
  { mode, userId, linkId }: Omit<AccountLink, 'expiresAt'>,
  now: Date = new Date(),
): Promise<string> {
  const issuedAt = Math.floor(now.getTime() / 1_000);
  return await new SignJWT()
    .setProtectedHeader({ alg: SECRET_ALGORITHM })
    .setSubject(userId)
    .setAudience(accountAudience(mode))
    .setJti(linkId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + LIFETIME_SECONDS)
    .sign(bytesOf(secret));
}

interface Key {
  readonly key: JWTVerifyGetKey;
  readonly algorithms: readonly string[];
}

function keysOf({ secrets, jwksUrl }: AccountLinkConfig): Key[] {
  const ofSecrets = secrets.map((secret) => ({ key: () => bytesOf(secret), algorithms: [SECRET_ALGORITHM] }));
  if (jwksUrl === null) return ofSecrets;
  return [...ofSecrets, { key: createRemoteJWKSet(new URL(jwksUrl)), algorithms: PUBLIC_KEY_ALGORITHMS }];
}

function bytesOf(secret: string): Uint8Array {
  return new TextEncoder().encode(secret);
}

/** Which mode's keys to ask; that the token says so must then be proved by one of them. */
function modeOfToken(token: string): Mode {
  let audience: unknown;
  try {
    audience = decodeJwt(token).aud;
  } catch (error) {
    throw new AccountLinkRefused('The link holds no token: it must be a JWT', { cause: error });
  }
  const mode = MODES.find((each) => accountAudience(each) === audience);
  if (mode !== undefined) return mode;
  throw new AccountLinkRefused(`"aud" must be ${MODES.map(accountAudience).join(' or ')}`);
}

function linkOf(
  mode: Mode,
  { sub, jti = '', exp = 0 }: { sub?: string; jti?: string; exp?: number },
): AccountLink {
  const userId = userIdSchema.safeParse(sub);
  if (!userId.success) throw new AccountLinkRefused('"sub" must be the id of a user');
  // NUL is what PostgreSQL can't hold.
  if (jti === '' || jti.length > MAX_LINK_ID_LENGTH || jti.includes('\0'))
    throw new AccountLinkRefused(`"jti" must have 1 to ${MAX_LINK_ID_LENGTH} characters, none of them NUL`);
  return { mode, userId: userId.data, linkId: jti, expiresAt: new Date(exp * 1_000) };
}

function isOfAnotherKey(error: unknown): boolean {
  return (
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JWKSNoMatchingKey
  );
}

function refused(error: unknown): AccountLinkRefused {
  if (error instanceof AccountLinkRefused) return error;
  if (error instanceof errors.JWTExpired)
    return new AccountLinkRefused('The link has expired', { cause: error });
  const reason = error instanceof errors.JOSEError ? error.message : 'its keys can not be had';
  return new AccountLinkRefused(`The token of the link is not good: ${reason}`, { cause: error });
}
