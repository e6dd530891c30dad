import type { Mode } from './mode.ts';

/**
 * What a task of the queue that keeps to Stripe's rate may ask of Stripe: draft, lines, finalize, which is what a bill costs where
 * nothing goes wrong (activities/invoice-bill.ts).
 */
export const REQUESTS_PER_TASK = 3;
/** Stripe's standard limit for one endpoint, a quarter of the one for all. https://docs.stripe.com/rate-limits */
const REQUESTS_PER_ENDPOINT = 25;
const ENDPOINTS_TO_FILL_LIMIT = 4;

/** Stripe's standard limits for all endpoints together, live and in a sandbox. https://docs.stripe.com/rate-limits */
const STANDARD_REQUESTS_PER_SECOND = 100;
const SANDBOX_REQUESTS_PER_SECOND = 25;

/**
 * What a close may ask of Stripe in each mode, in requests per second. Test mode has a lower limit, which nobody can have raised.
 *
 * @param requestsPerSecond in live mode: `STRIPE_BATCH_REQUESTS_PER_SECOND`.
 */
export function batchRates(requestsPerSecond: number): Readonly<Record<Mode, number>> {
  return { live: requestsPerSecond, test: Math.min(requestsPerSecond, SANDBOX_REQUESTS_PER_SECOND) };
}

/**
 * What Stripe lets an account ask in each mode, in requests per second. Whoever lets a close ask more than the standard limit has been
 * given a higher one, which is known here no better.
 *
 * @param batch of {@link batchRates}.
 */
export function stripeLimits(batch: Readonly<Record<Mode, number>>): Readonly<Record<Mode, number>> {
  return { live: Math.max(STANDARD_REQUESTS_PER_SECOND, batch.live), test: SANDBOX_REQUESTS_PER_SECOND };
}

/**
 * How many bills may be begun in a second. A bill asks each of its three endpoints once, so that Stripe's limit for one endpoint
 * binds before the rate does; whoever has been given a higher one by Stripe was given both.
 *
 * @param requestsPerSecond of all endpoints together.
 */
export function billsPerSecond(requestsPerSecond: number): number {
  const ofEndpoint = Math.max(REQUESTS_PER_ENDPOINT, requestsPerSecond / ENDPOINTS_TO_FILL_LIMIT);
  return Math.min(requestsPerSecond / REQUESTS_PER_TASK, ofEndpoint);
}
