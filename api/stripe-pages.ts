import { createHash } from 'node:crypto';
import type { CustomerKey, UserKey } from '../domain/customer-key.ts';
import type {
  OpenBillingPortalRequest,
  OpenedBillingPortal,
  StartCheckoutRequest,
  StartedCheckout,
} from '../domain/customer-workflow.ts';
import type { ApiDependencies } from './dependencies.ts';
import { refuseUnlessConfigured } from './mode-configuration.ts';
import { openBillingPortal, registerCustomer, startCheckout } from './temporal/stripe-pages.ts';
import { findUserOrRefuse } from './users/find-user.ts';

type Dependencies = Pick<ApiDependencies, 'db' | 'temporal' | 'webhookSecrets'>;

/**
 * Starts a Checkout session in Stripe, for adding a card or buying credits, and gives the page to send the user to.
 * The work is the customer's workflow's, so a checkout can't race with anything else of that customer.
 *
 * @param request the same `idempotencyKey` for the same purpose gives the same session; it need not be the user's alone.
 * @throws HttpError `mode_not_configured`, `user_not_found`, `user_erased`, and what {@link startCheckout} throws
 */
export async function startCheckoutOf(
  dependencies: Dependencies,
  user: UserKey,
  request: StartCheckoutRequest,
): Promise<StartedCheckout> {
  const customer = await stripeCustomerOf(dependencies, user);
  const idempotencyKey = keyOf([user.userId, request.idempotencyKey, request.mode, request.credits]);
  return await startCheckout(dependencies.temporal, customer, { ...request, idempotencyKey });
}

/**
 * Opens Stripe's billing portal, where the user replaces or removes cards: what they change comes back as webhooks.
 *
 * @throws HttpError `mode_not_configured`, `user_not_found`, `user_erased`, and what {@link openBillingPortal} throws
 */
export async function openBillingPortalOf(
  dependencies: Dependencies,
  user: UserKey,
  request: OpenBillingPortalRequest,
): Promise<OpenedBillingPortal> {
  return await openBillingPortal(dependencies.temporal, await stripeCustomerOf(dependencies, user), request);
}

/** Who the user is for Stripe; becomes a customer with this, if need be. */
async function stripeCustomerOf(
  { db, temporal, webhookSecrets }: Dependencies,
  { mode, userId }: UserKey,
): Promise<CustomerKey> {
  refuseUnlessConfigured(webhookSecrets, mode);
  const user = await findUserOrRefuse(db, mode, userId);
  return {
    mode,
    stripeCustomerId: user.stripe_customer_id ?? (await registerCustomer(temporal, mode, userId)),
  };
}

/**
 * Temporal and Stripe limit the length of keys, and show them to operators: a hash, not what the caller chose. What is asked
 * for is part of it, so that a key used for a card before never answers a purchase with that session.
 */
function keyOf(parts: readonly unknown[]): string {
  return `checkout-${createHash('sha256').update(JSON.stringify(parts)).digest('base64url')}`;
}
