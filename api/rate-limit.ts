import type { Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { HttpError } from './errors.ts';

const SECOND_MS = 1_000;
const FAILURES_WINDOW_MS = 60_000;
/** Requests without a good API key that one address may send in a minute: more is no slip in a configuration. */
export const MAX_FAILURES = 30;

// Counted in this process only: a count that all processes share would cost each request a round trip.
// The headers are RateLimit and RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers-08, and Retry-After with a 429.
const HEADERS = { standardHeaders: 'draft-8', legacyHeaders: false } as const;

/**
 * Lets each API key send so many requests per second, from whatever addresses; 0: any number.
 *
 * @param keyIdOf the id of the key that a request came with.
 */
export function limitByApiKey(
  requestsPerSecond: number,
  keyIdOf: (response: Response) => string,
): RequestHandler {
  if (requestsPerSecond === 0) return (_request, _response, next) => next();
  const message = `An API key may send ${requestsPerSecond} requests per second: wait as Retry-After says, and send more usage events in one request`;
  return rateLimit({
    ...HEADERS,
    windowMs: SECOND_MS,
    limit: requestsPerSecond,
    keyGenerator: (_request, response) => keyIdOf(response),
    handler: (_request, _response, next) => next(new HttpError('rate_limited', message)),
  });
}

/** How many requests without a good API key came from an address lately. */
export interface FailureLimit {
  /** Counts a failure. Calls `next` without an error while there are not too many, and with `rate_limited` after. */
  readonly count: RequestHandler;
  isReached(request: Request): Promise<boolean>;
}

/** By address, not by key: who guesses sends another key each time. */
export function limitFailuresByAddress(): FailureLimit {
  const message =
    'Too many requests without a good API key came from this address: mend the key, and wait as Retry-After says';
  const count = rateLimit({
    ...HEADERS,
    windowMs: FAILURES_WINDOW_MS,
    limit: MAX_FAILURES,
    keyGenerator: addressOf,
    handler: (_request, _response, next) => next(new HttpError('rate_limited', message)),
  });
  const isReached = async (request: Request): Promise<boolean> => {
    const failures = await count.getKey(addressOf(request));
    return failures !== undefined && failures.totalHits >= MAX_FAILURES;
  };
  return { count, isReached };
}

/** Of IPv6 the network: one caller has a whole one. */
function addressOf(request: Request): string {
  return ipKeyGenerator(request.ip ?? '');
}
