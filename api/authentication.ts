import type { RequestHandler, Response } from 'express';
import { modeOfApiKey } from '../db/api-keys.ts';
import type { Database } from '../db/database.ts';
import { MODES, type Mode } from '../domain/mode.ts';
import { HttpError } from './errors.ts';

/** How long a key goes on working after it was revoked, at most. Saves a query for each request. */
const REMEMBERED_MS = 5_000;
const MAX_REMEMBERED = 1_000;

/**
 * Lets requests with a known API key pass (`Authorization: Bearer …`). The key alone decides the mode, which handlers
 * get from {@link modeOf}: a request can't reach the other world by any parameter.
 */
export function authenticate(db: Database): RequestHandler {
  const remembered = new Map<string, { readonly mode: Mode; readonly untilMs: number }>();

  const modeOfKey = async (apiKey: string): Promise<Mode | null> => {
    const known = remembered.get(apiKey);
    if (known !== undefined && known.untilMs > Date.now()) return known.mode;
    remembered.delete(apiKey);
    const mode = await modeOfApiKey(db, apiKey);
    if (mode === null) return null;
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(apiKey, { mode, untilMs: Date.now() + REMEMBERED_MS });
    return mode;
  };

  return async (request, response, next) => {
    const apiKey = bearerToken(request.get('authorization'));
    if (apiKey === null) {
      throw new HttpError('missing_api_key', 'Send your API key in the header "Authorization: Bearer <key>"');
    }
    const mode = await modeOfKey(apiKey);
    if (mode === null) {
      const message =
        'This API key is unknown or revoked: use the apiKey or testApiKey of stack.json, or have one made';
      throw new HttpError('invalid_api_key', message);
    }
    response.locals['mode'] = mode;
    next();
  };
}

/** The mode of the API key that the request came with. */
export function modeOf(response: Response): Mode {
  const mode = MODES.find((mode) => mode === response.locals['mode']);
  if (mode === undefined) throw new Error('the route lacks authenticate()');
  return mode;
}

function bearerToken(header: string | undefined): string | null {
  return /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1] ?? null;
}
