/** Draft, lines, finalize: what one bill costs where nothing goes wrong (activities/invoice-bill.ts). */
const REQUESTS_PER_BILL = 3;
/** Stripe's standard limit for one endpoint, a quarter of the one for all. https://docs.stripe.com/rate-limits */
const REQUESTS_PER_ENDPOINT = 25;
const ENDPOINTS_TO_FILL_LIMIT = 4;

/**
 * How many bills may be begun in a second. A bill asks each of its three endpoints once, so that Stripe's limit for one endpoint
 * binds before the rate does; whoever has been given a higher one by Stripe was given both.
 *
 * @param requestsPerSecond of all endpoints together: `STRIPE_BATCH_REQUESTS_PER_SECOND`.
 */
export function billsPerSecond(requestsPerSecond: number): number {
  const ofEndpoint = Math.max(REQUESTS_PER_ENDPOINT, requestsPerSecond / ENDPOINTS_TO_FILL_LIMIT);
  return Math.min(requestsPerSecond / REQUESTS_PER_BILL, ofEndpoint);
}
