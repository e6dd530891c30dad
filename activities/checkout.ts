import { ApplicationFailure } from '@temporalio/common';
import type { Stripe } from 'stripe';
import { saveCheckoutSession } from '../db/checkout-sessions.ts';
import { listStripeProducts } from '../db/price-list.ts';
import { findUserByStripeCustomer } from '../db/users.ts';
import type { CustomerKey } from '../domain/customer-key.ts';
import type {
  OpenBillingPortalRequest,
  OpenedBillingPortal,
  StartCheckoutRequest,
  StartedCheckout,
} from '../domain/customer-workflow.ts';
import type { Mode } from '../domain/mode.ts';
import { CURRENCY } from '../domain/money.ts';
import { CHECKOUT_OVER } from '../domain/stripe-failure.ts';
import { type ActivityDependencies, stripeOf } from './dependencies.ts';
import { priceListMissing, userNotFound } from './failures.ts';
import { unixSeconds } from './stripe-values.ts';
import { writeToStripeOnce } from './stripe-write.ts';

/**
 * Sessions on Stripe's hosted pages. Both throw `StripeError` as their request failed (stripe-errors.ts says which are retried), and
 * `ModeNotConfigured` (retryable) in a mode without a secret key.
 */
export function createCheckoutActivities(dependencies: ActivityDependencies) {
  const { db } = dependencies;
  return {
    /**
     * Creates a Checkout session on Stripe's hosted page, where the user adds a card or buys credits, once per idempotency key.
     *
     * @throws ApplicationFailure `UserNotFound` (not retryable) when the customer is not one of ours; `CheckoutOver` (not
     *   retryable) when the key's session has ended; `CreditsMissing` (not retryable) when a purchase does not say how many;
     *   `PriceListMissing` (retryable) when credits have no price yet.
     */
    async createCheckoutSession(
      input: CustomerKey & { readonly request: StartCheckoutRequest },
    ): Promise<StartedCheckout> {
      const { mode, stripeCustomerId: customer, request } = input;
      const user = await findUserByStripeCustomer(db, mode, customer);
      if (user === undefined) throw userNotFound({ mode, stripeCustomerId: customer });
      const stripe = stripeOf(dependencies, mode);
      const metadata = { user_id: user.user_id, idempotency_key: request.idempotencyKey };
      const purpose = await purposeOf(mode, request, metadata);
      const session = await writeToStripeOnce(db, {
        mode,
        writeKey: `checkout:${request.idempotencyKey}`,
        find: async (since) => {
          const sessions = stripe.checkout.sessions.list({
            customer,
            created: { gte: unixSeconds(since) },
            limit: 100,
          });
          for await (const each of sessions) {
            if (each.metadata?.['idempotency_key'] === request.idempotencyKey) return each;
          }
          return null;
        },
        create: (idempotencyKey) =>
          stripe.checkout.sessions.create(
            {
              ...purpose,
              customer,
              client_reference_id: user.user_id,
              success_url: request.successUrl,
              cancel_url: request.cancelUrl,
            },
            { idempotencyKey },
          ),
      });
      await saveCheckoutSession(db, { mode, checkoutSessionId: session.id, userId: user.user_id });
      if (session.url !== null) return { id: session.id, url: session.url };
      const message = `The Checkout session ${session.id} is over; start another one with a new Idempotency-Key`;
      throw ApplicationFailure.create({ message, type: CHECKOUT_OVER, nonRetryable: true });
    },

    /**
     * Opens Stripe's billing portal for the customer. Another try opens another one: none of them changes anything.
     *
     * @throws ApplicationFailure `UserNotFound` (not retryable) when the customer is not one of ours.
     */
    async createBillingPortalSession(
      input: CustomerKey & { readonly request: OpenBillingPortalRequest },
    ): Promise<OpenedBillingPortal> {
      const { mode, stripeCustomerId: customer, request } = input;
      const user = await findUserByStripeCustomer(db, mode, customer);
      if (user === undefined) throw userNotFound({ mode, stripeCustomerId: customer });
      const portal = await stripeOf(dependencies, mode).billingPortal.sessions.create({
        customer,
        return_url: request.returnUrl,
      });
      return { url: portal.url };
    },
  };

  /** What the session is for. Its metadata says how many credits it grants once it is paid (payment-sync.ts). */
  async function purposeOf(
    mode: Mode,
    { mode: purpose, credits }: StartCheckoutRequest,
    metadata: Readonly<Record<string, string>>,
  ): Promise<Stripe.Checkout.SessionCreateParams> {
    if (purpose === 'setup') return { mode: 'setup', currency: CURRENCY, metadata };
    if (credits === undefined) {
      const message = 'A purchase of credits must say how many';
      throw ApplicationFailure.create({ message, type: 'CreditsMissing', nonRetryable: true });
    }
    const withCredits = { ...metadata, credits: String(credits) };
    return {
      mode: 'payment',
      line_items: [{ price: await creditsPrice(mode), quantity: credits }],
      metadata: withCredits,
      payment_intent_data: { metadata: withCredits },
    };
  }

  async function creditsPrice(mode: Mode): Promise<string> {
    const products = await listStripeProducts(db, mode);
    const price = products.find((row) => row.product === 'credits' && row.active)?.stripe_price_id ?? null;
    if (price !== null) return price;
    throw priceListMissing(mode, 'price of credits');
  }
}
