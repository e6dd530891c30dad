import { ApplicationFailure } from '@temporalio/common';
import { STRIPE_REFUSED, STRIPE_UNAVAILABLE } from '../domain/stripe-failure.ts';
import { stripeOutcome } from './stripe-calls.ts';
import { StripeError } from './stripe-client.ts';

/** Rate limits are per second; a little longer keeps a crowd from coming back at once. */
const RATE_LIMIT_DELAY_MS = 2_000;

/**
 * What Temporal is told of an error of Stripe's: that it is worth a retry, or that it is for good ({@link stripeOutcome}). 402 is a
 * business outcome, so an activity that can meet it deals with it before it gets here.
 */
export function toTemporalFailure(error: unknown): unknown {
  if (!(error instanceof StripeError)) return error;
  const { statusCode, requestId } = error;
  const message = `Stripe: ${error.message}`;
  const details = [
    { statusCode: statusCode ?? null, code: error.code ?? null, stripeRequestId: requestId ?? null },
  ];
  const outcome = stripeOutcome(statusCode ?? null);
  // An error without one of Stripe's statuses is the answer of a proxy, which passes.
  const isForGood = outcome === 'refused' || outcome === 'declined';
  // Other parameters under a key that was used before: stripe-write.ts has a new key by the next attempt.
  const isKeyConflict = error.rawType === 'idempotency_error';
  if (isForGood && !isKeyConflict) {
    return ApplicationFailure.create({
      message,
      type: STRIPE_REFUSED,
      nonRetryable: true,
      details,
      cause: error,
    });
  }
  const delay = outcome === 'rate_limited' ? { nextRetryDelay: RATE_LIMIT_DELAY_MS } : {};
  return ApplicationFailure.create({ message, type: STRIPE_UNAVAILABLE, details, cause: error, ...delay });
}

/** Stripe's card errors say no to a payment; they are not failures of ours. */
export function isCardError(error: unknown): error is InstanceType<typeof StripeError> {
  return error instanceof StripeError && error.statusCode === 402;
}
