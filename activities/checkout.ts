import { ApplicationFailure } from '@temporalio/common';
import { saveCheckoutSession } from '../db/checkout-sessions.ts';
import { findUserByStripeCustomer } from '../db/users.ts';
import { CURRENCY } from '../domain/money.ts';
import type { StartCheckoutRequest, StartedCheckout } from '../domain/workflow-contracts.ts';
import type { CustomerKey } from './customer-commands.ts';
import { type ActivityDependencies, stripeOf, unixSeconds } from './dependencies.ts';
import { writeToStripeOnce } from './stripe-write.ts';

export function createCheckoutActivities(dependencies: ActivityDependencies) {
  const { db } = dependencies;
  return {
    /**
     * Creates a Checkout session in mode `setup` on Stripe's hosted page, once per idempotency key.
     *
     * @throws ApplicationFailure `UserNotFound` (not retryable) when the customer is not one of ours.
     */
    async createCheckoutSession(
      input: CustomerKey & { readonly request: StartCheckoutRequest },
    ): Promise<StartedCheckout> {
      const { mode, stripeCustomerId: customer, request } = input;
      const user = await findUserByStripeCustomer(db, mode, customer);
      if (user === undefined) {
        const message = `The customer ${customer} belongs to no user in ${mode} mode`;
        throw ApplicationFailure.create({ message, type: 'UserNotFound', nonRetryable: true });
      }
      const stripe = stripeOf(dependencies, mode);
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
              mode: request.mode,
              currency: CURRENCY,
              customer,
              client_reference_id: user.user_id,
              success_url: request.successUrl,
              cancel_url: request.cancelUrl,
              metadata: { user_id: user.user_id, idempotency_key: request.idempotencyKey },
            },
            { idempotencyKey },
          ),
      });
      await saveCheckoutSession(db, { mode, checkoutSessionId: session.id, userId: user.user_id });
      if (session.url !== null) return { id: session.id, url: session.url };
      const message = `The Checkout session ${session.id} is over; start another one with a new Idempotency-Key`;
      throw ApplicationFailure.create({ message, type: 'CheckoutOver', nonRetryable: true });
    },
  };
}
