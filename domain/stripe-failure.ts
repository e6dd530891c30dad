/** What a failed step says of Stripe: its details travel from the activity through Temporal to whoever shows them. */

/** Failure type of a step that Stripe refused for good: retrying can't help, an operator must look. */
export const STRIPE_REFUSED = 'StripeRefused';

/** Failure type of what passes: connection, conflict, rate limit, or Stripe's own trouble. */
export const STRIPE_UNAVAILABLE = 'StripeUnavailable';

/** Failure type of a Checkout that was asked for again when its session had been completed, or had expired. */
export const CHECKOUT_OVER = 'CheckoutOver';

type Details = readonly unknown[] | null | undefined;

/** Stripe's request (`req_…`), to show to its support; `null` when the failure names none. */
export function stripeRequestIdOf(details: Details): string | null {
  const id = fieldOf(details, 'stripeRequestId');
  return typeof id === 'string' ? id : null;
}

/** Why Stripe does not do something, for good. */
export interface StripeRefusal {
  /** For a person. */
  readonly problem: string;
  /** Of its answer; `null`: there was none. */
  readonly statusCode: number | null;
  /** Stripe's, such as `resource_missing`; `null`: it named none. */
  readonly code: string | null;
}

/** What a failed step says of Stripe's refusal; of a failure that is not of Stripe's, its message alone. */
export function stripeRefusalOf(failure: {
  readonly message: string;
  readonly details?: Details;
}): StripeRefusal {
  const statusCode = fieldOf(failure.details, 'statusCode');
  const code = fieldOf(failure.details, 'code');
  return {
    problem: problemOfFailure(failure),
    statusCode: typeof statusCode === 'number' ? statusCode : null,
    code: typeof code === 'string' ? code : null,
  };
}

/** Why a step failed, with Stripe's request where there was one. */
export function problemOfFailure(failure: { readonly message: string; readonly details?: Details }): string {
  return withRequest(failure.message, stripeRequestIdOf(failure.details));
}

/** What Stripe said, with its request where it named one. */
export function withRequest(message: string, stripeRequestId: string | null): string {
  return stripeRequestId === null ? message : `${message} (request ${stripeRequestId})`;
}

/** Of what activities/stripe-errors.ts says of a failure. */
function fieldOf(details: Details, name: 'statusCode' | 'code' | 'stripeRequestId'): unknown {
  const first: unknown = details?.[0];
  return typeof first === 'object' && first !== null ? Reflect.get(first, name) : undefined;
}
