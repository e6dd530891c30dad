import type { Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, MemoryStore, rateLimit } from 'express-rate-limit';
import { HttpError } from './errors.ts';

const SECOND_MS = 1_000;
const FAILURES_WINDOW_MS = 60_000;
/** Requests without a good API key, or links that open nothing, that one address may send in a minute: more is no slip. */
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

/** How many requests that got nobody in came from an address lately. */
export interface FailureLimit {
  /** Counts a failure. Calls `next` without an error while there are not too many, and with `rate_limited` after. */
  readonly count: RequestHandler;
  isReached(request: Request): Promise<boolean>;
}

/**
 * By address, not by key: who guesses sends another key each time.
 *
 * @param message what the caller is told then.
 */
export function limitFailuresByAddress(message: string): FailureLimit {
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

const PAGES_WINDOW_MS = 60_000;

/**
 * Lets each visitor of the pages send so many requests per minute: who has signed in by who they are, from whatever addresses;
 * all others by their address. 0: any number.
 *
 * @param visitorOf who has signed in, in the words of one kind of page; `null`: nobody.
 */
export function limitPages(
  requestsPerMinute: number,
  visitorOf: (request: Request) => string | null,
): RequestHandler {
  if (requestsPerMinute === 0) return (_request, _response, next) => next();
  const message = 'You asked for more pages than anybody reads: wait a minute, then load the page again';
  return rateLimit({
    ...HEADERS,
    windowMs: PAGES_WINDOW_MS,
    limit: requestsPerMinute,
    keyGenerator: (request) => visitorOf(request) ?? addressOf(request),
    handler: (_request, _response, next) => next(new HttpError('rate_limited', message)),
  });
}

const GUESSES_WINDOW_MS = 15 * 60_000;
/** Guesses at the admin's password that are looked at in that time: of one address, and of all together. */
export const MAX_GUESSES = 10;
const MAX_GUESSES_OF_ALL = 100;

/** How many guesses at the admin's password were made lately. */
export interface GuessLimit {
  /**
   * Counts a guess, before it is looked at: many at once are no way around.
   *
   * @throws HttpError `rate_limited`
   */
  count(request: Request, response: Response): Promise<void>;
  /** Takes the guess back: it was right. */
  forgive(request: Request): Promise<void>;
}

/** By address, and of everybody together: who has many addresses gets nowhere either. */
export function limitGuesses(): GuessLimit {
  const message = 'Too many wrong passwords: wait as Retry-After says, at most a quarter of an hour';
  const limits = [
    { limit: MAX_GUESSES, keyOf: addressOf },
    { limit: MAX_GUESSES_OF_ALL, keyOf: () => 'all' },
  ].map(({ limit, keyOf }) => {
    const store = new MemoryStore();
    const count = rateLimit({
      ...HEADERS,
      windowMs: GUESSES_WINDOW_MS,
      limit,
      store,
      keyGenerator: keyOf,
      handler: (_request, _response, next) => next(new HttpError('rate_limited', message)),
    });
    return { count, forgive: (request: Request) => store.decrement(keyOf(request)) };
  });
  return {
    async count(request, response) {
      for (const { count } of limits) await passed(count, request, response);
    },
    async forgive(request) {
      for (const { forgive } of limits) await forgive(request);
    },
  };
}

/** Waits until a handler calls `next`, and throws what it is called with. */
async function passed(handler: RequestHandler, request: Request, response: Response): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    void handler(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(error)));
  });
}

/** Of IPv6 the network: one caller has a whole one. */
function addressOf(request: Request): string {
  return ipKeyGenerator(request.ip ?? '');
}
