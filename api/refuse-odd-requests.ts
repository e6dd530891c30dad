import type { RequestHandler } from 'express';
import { HttpError } from './errors.ts';

/** Longer than any address of ours, with a link's token in it. */
export const MAX_URL_LENGTH = 8_192;

/** Refuses what no route is to be asked with. */
export const refuseOddRequests: RequestHandler = (request, _response, next) => {
  if (request.url.length > MAX_URL_LENGTH) {
    const message = `The address is longer than ${MAX_URL_LENGTH} characters: nothing here has one so long`;
    throw new HttpError('uri_too_long', message);
  }
  // HTTP/1.0 has no such header; load balancers ask with that whether we live.
  if (request.httpVersion !== '1.0' && request.headers.host === undefined)
    throw new HttpError('invalid_request', 'The header Host is missing');
  next();
};
