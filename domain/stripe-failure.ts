/** What a failed step says of Stripe: its details travel from the activity through Temporal to whoever shows them. */

/** Failure type of what passes: connection, conflict, rate limit, or Stripe's own trouble. */
export const STRIPE_UNAVAILABLE = 'StripeUnavailable';

/** Failure type of a Checkout that was asked for again when its session had been completed, or had expired. */
export const CHECKOUT_OVER = 'CheckoutOver';

/** Stripe's request (`req_…`), to show to its support; `null` when the failure names none. */
export function stripeRequestIdOf(details: readonly unknown[] | null | undefined): string | null {
  const first = details?.[0];
  if (typeof first !== 'object' || first === null || !('stripeRequestId' in first)) return null;
  return typeof first.stripeRequestId === 'string' ? first.stripeRequestId : null;
}

/** Why a step failed, with Stripe's request where there was one. */
export function problemOfFailure(failure: {
  readonly message: string;
  readonly details?: readonly unknown[] | null | undefined;
}): string {
  const requestId = stripeRequestIdOf(failure.details);
  return requestId === null ? failure.message : `${failure.message} (request ${requestId})`;
}
