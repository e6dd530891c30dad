import { ApplicationFailure } from '@temporalio/common';
import type { CustomerKey } from '../domain/customer-key.ts';
import type { Mode } from '../domain/mode.ts';

/** Not retryable: a customer of nobody's does not become ours by waiting. */
export function userNotFound(key: CustomerKey): ApplicationFailure {
  const message = `The customer ${key.stripeCustomerId} belongs to no user in ${key.mode} mode`;
  return ApplicationFailure.create({ message, type: 'UserNotFound', nonRetryable: true });
}

/** Retryable: an operator has still to run the command that it names. */
export function priceListMissing(mode: Mode, what: 'metered price' | 'price of credits'): ApplicationFailure {
  return ApplicationFailure.create({
    message: `stripe_products has no ${what} for ${mode} mode; run "npm run billing -- setup-stripe --mode ${mode} --apply"`,
    type: 'PriceListMissing',
  });
}
