import { ApplicationFailure } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { STRIPE_UNAVAILABLE } from '../domain/stripe-failure.ts';
import { StripeError } from './stripe-client.ts';

/** Failure type of a step that Stripe refused for good: retrying can't help, an operator must look. */
export const STRIPE_REFUSED = 'StripeRefused';

/** Rate limits are per second; a little longer keeps a crowd from coming back at once. */
const RATE_LIMIT_DELAY_MS = 2_000;

/**
 * The one place that says which of Stripe's errors are worth a retry: connection, 409, 429, 5xx are; 400, 401, 403, 404
 * are not. 402 is a business outcome, so an activity that can meet it deals with it before it gets here.
 */
export function toTemporalFailure(error: unknown): unknown {
  if (!(error instanceof StripeError)) return error;
  const { statusCode, requestId } = error;
  const message = `Stripe: ${error.message}`;
  const details = [
    { statusCode: statusCode ?? null, code: error.code ?? null, stripeRequestId: requestId ?? null },
  ];
  // Other parameters under a key that was used before: stripe-write.ts has a new key by the next attempt.
  const isKeyConflict = error.rawType === 'idempotency_error';
  if (!isRetryable(statusCode) && !isKeyConflict) {
    return ApplicationFailure.create({
      message,
      type: STRIPE_REFUSED,
      nonRetryable: true,
      details,
      cause: error,
    });
  }
  const delay = statusCode === 429 ? { nextRetryDelay: RATE_LIMIT_DELAY_MS } : {};
  return ApplicationFailure.create({ message, type: STRIPE_UNAVAILABLE, details, cause: error, ...delay });
}

function isRetryable(statusCode: number | undefined): boolean {
  return (
    statusCode === undefined ||
    statusCode === 409 ||
    statusCode === 429 ||
    statusCode >= 500 ||
    statusCode < 400
  );
}

/** Stripe's card errors say no to a payment; they are not failures of ours. */
export function isCardError(error: unknown): error is InstanceType<typeof StripeError> {
  return error instanceof StripeError && error.statusCode === 402;
}

/** Applies {@link toTemporalFailure} to every activity of the worker. */
export class StripeErrorInterceptor implements ActivityInboundCallsInterceptor {
  async execute(
    input: ActivityExecuteInput,
    next: Next<ActivityInboundCallsInterceptor, 'execute'>,
  ): Promise<unknown> {
    try {
      return await next(input);
    } catch (error) {
      throw toTemporalFailure(error);
    }
  }
}
