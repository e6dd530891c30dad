import type { Request, RequestHandler, Response } from 'express';
import { type ApiKey, useApiKey } from '../db/api-keys.ts';
import { MODES, type Mode } from '../domain/mode.ts';
import type { ApiDependencies } from './dependencies.ts';
import { HttpError } from './errors.ts';
import { limitByApiKey, limitFailuresByAddress } from './rate-limit.ts';

/** How long a key goes on working here after it was revoked, at most. Saves a query for each request. */
const REMEMBERED_MS = 5_000;
const MAX_REMEMBERED = 1_000;

type KnownKey = Pick<ApiKey, 'keyId' | 'mode'>;

/**
 * Lets requests with a known API key pass (`Authorization: Bearer …`), so many per second. The key alone decides the mode,
 * which handlers get from {@link modeOf}: a request can't reach the other world by any parameter.
 */
export function authenticate({
  db,
  requestsPerSecond = 0,
  now = () => new Date(),
}: ApiDependencies): RequestHandler[] {
  const remembered = new Map<string, KnownKey & { readonly untilMs: number }>();
  const failures = limitFailuresByAddress(
    'Too many requests without a good API key came from this address: mend the key, and wait as Retry-After says',
  );

  const find = async (apiKey: string): Promise<KnownKey | null> => {
    const known = remembered.get(apiKey);
    if (known !== undefined && known.untilMs > Date.now()) return known;
    const key = await useApiKey(db, apiKey, now());
    remembered.delete(apiKey);
    if (key === null) return null;
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(apiKey, { ...key, untilMs: Date.now() + REMEMBERED_MS });
    return key;
  };

  // A key that was good here before is no guess: behind one address it goes on working when others guess.
  const mayTry = async (request: Request, apiKey: string): Promise<boolean> =>
    remembered.has(apiKey) || !(await failures.isReached(request));

  const identify: RequestHandler = async (request, response, next) => {
    const apiKey = bearerToken(request.get('authorization'));
    const key = apiKey !== null && (await mayTry(request, apiKey)) ? await find(apiKey) : null;
    if (key !== null) {
      response.locals['apiKey'] = key;
      return next();
    }
    const refusal =
      apiKey === null
        ? new HttpError('missing_api_key', 'Send your API key in the header "Authorization: Bearer <key>"')
        : new HttpError(
            'invalid_api_key',
            'This API key is unknown or revoked: use the apiKey or testApiKey of stack.json, or have one made',
          );
    return failures.count(request, response, (error?: unknown) => next(error ?? refusal));
  };

  return [identify, limitByApiKey(requestsPerSecond, (response) => keyOf(response).keyId)];
}

/** The mode of the API key that the request came with. */
export function modeOf(response: Response): Mode {
  return keyOf(response).mode;
}

function keyOf({ locals }: Response): KnownKey {
  const key: unknown = locals['apiKey'];
  if (typeof key === 'object' && key !== null && 'keyId' in key && 'mode' in key) {
    const mode = MODES.find((mode) => mode === key.mode);
    if (mode !== undefined && typeof key.keyId === 'string') return { keyId: key.keyId, mode };
  }
  throw new Error('the route lacks authenticate()');
}

function bearerToken(header: string | undefined): string | null {
  return /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1] ?? null;
}
