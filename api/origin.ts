import type { Request } from 'express';
import { HttpError } from './errors.ts';

const HOST = /^([\w-]+(\.[\w-]+)*\.?|\[[\da-f:.]+\])(:\d{1,5})?$/i;

/**
 * Where the browser has our pages, such as `https://billing.example`, as it says itself, or a proxy that is believed.
 *
 * @throws HttpError `invalid_request` when what they say is no place on the web.
 */
export function originOf({ protocol, host }: Request): string {
  // Express' types have it always there; in HTTP/1.0 it need not be.
  const stated: unknown = host;
  const origin = `${protocol}://${String(stated)}`;
  const isGood =
    typeof stated === 'string' && HOST.test(stated) && /^https?$/.test(protocol) && URL.canParse(origin);
  if (isGood) return origin;
  throw new HttpError(
    'invalid_request',
    'The header Host, or X-Forwarded-Host or -Proto, names no place on the web',
  );
}
