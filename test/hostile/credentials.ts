import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { apiKeyId, revokeApiKey, saveApiKey } from '../../db/api-keys.ts';
import type { UserKey } from '../../domain/customer-key.ts';
import type { TestApi } from '../api/harness.ts';
import { accountLink } from '../support/account.ts';
import { ADMIN_AUTHORIZATION } from '../support/admin.ts';
import { csrfTokenOf, newUser, open, signInAccount, signInAdmin } from './visitors.ts';

/** Every kind there is, from none to an admin's; the table in authorisation.test.ts has a column for each. */
export const CREDENTIAL_KINDS = [
  'nobody',
  'wrong key',
  'revoked key',
  'test key',
  'live key',
  'wrong password',
  'password',
  'admin session',
  'admin without token',
  'ended admin session',
  'user session',
  'user without token',
  "other user's session",
  "other mode's session",
  'ended user session',
  'used link',
  'expired link',
] as const;
/** One column of the table. */
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];

/** Who comes, as a request shows it. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  /** The token of the session, for forms and headers; absent: none is sent. */
  readonly csrfToken?: string;
  /** For the address: a link is no header. */
  readonly token?: string;
}

/**
 * Makes credentials of each kind, for one request each: some requests end the session they came with.
 *
 * @param user of test mode, whom the routes of the table are about.
 */
export function credentialMaker(api: TestApi, user: UserKey): (kind: CredentialKind) => Promise<Credentials> {
  const bearer = (key: string): Credentials => ({ headers: { authorization: `Bearer ${key}` } });
  const ofUser = async (whose: UserKey, withToken = true): Promise<Credentials> => {
    const cookie = await signInAccount(api, whose);
    return {
      headers: { cookie },
      ...(withToken ? { csrfToken: await csrfTokenOf(api, '/account', cookie) } : {}),
    };
  };
  const ofAdmin = async (withToken = true): Promise<Credentials> => {
    const cookie = await signInAdmin(api);
    const page = '/admin47392/customers';
    return { headers: { cookie }, ...(withToken ? { csrfToken: await csrfTokenOf(api, page, cookie) } : {}) };
  };
  const end = async (
    table: 'admin_sessions' | 'account_sessions',
    { headers }: Credentials,
  ): Promise<void> => {
    const id =
      decodeURIComponent(headers['cookie'] ?? '')
        .split('=s:')[1]
        ?.split('.')[0] ?? '';
    const { numAffectedRows } =
      await sql`UPDATE ${sql.table(table)} SET expire = now() - interval '1 second' WHERE sid = ${id}`.execute(
        api.db,
      );
    if (numAffectedRows !== 1n) throw new Error('there is no such session to end');
  };
  const tokenOf = (link: string): string => new URL(link).searchParams.get('token') ?? '';

  return async (kind) => {
    switch (kind) {
      case 'nobody':
        return { headers: {} };
      case 'wrong key':
        return bearer(`db_test_${randomUUID()}`);
      case 'revoked key': {
        const apiKey = `db_test_${randomUUID()}`;
        await saveApiKey(api.db, { mode: 'test', name: apiKey, apiKey });
        await revokeApiKey(api.db, apiKeyId(apiKey));
        return bearer(apiKey);
      }
      case 'test key':
        return bearer(api.apiKeys.test);
      case 'live key':
        return bearer(api.apiKeys.live);
      case 'wrong password':
        return bearer('a guess of somebody');
      case 'password':
        return { headers: { authorization: ADMIN_AUTHORIZATION } };
      case 'admin session':
        return await ofAdmin();
      case 'admin without token':
        return await ofAdmin(false);
      case 'ended admin session': {
        const session = await ofAdmin();
        await end('admin_sessions', session);
        return session;
      }
      case 'user session':
        return await ofUser(user);
      case 'user without token':
        return await ofUser(user, false);
      case "other user's session":
        return await ofUser(await newUser(api));
      case "other mode's session":
        // Of the same id: that it is another user, the mode alone says.
        return await ofUser(await newUser(api, 'live', user.userId));
      case 'ended user session': {
        const session = await ofUser(user);
        await end('account_sessions', session);
        return session;
      }
      case 'used link': {
        const link = await accountLink(api.url, user);
        await open(api, link);
        return { headers: {}, token: tokenOf(link) };
      }
      case 'expired link':
        return {
          headers: {},
          token: tokenOf(await accountLink(api.url, user, new Date(Date.now() - 3_600_000))),
        };
    }
  };
}
