import { ApplicationFailure } from '@temporalio/common';
import { findUser, findUserByStripeCustomer, saveStripeCustomer, type User } from '../db/users.ts';
import type { CustomerKey, UserKey } from '../domain/customer-key.ts';
import type { Mode } from '../domain/mode.ts';
import { type ActivityDependencies, stripeOf } from './dependencies.ts';
import { unixSeconds } from './stripe-values.ts';
import { writeToStripeOnce } from './stripe-write.ts';

/**
 * A user's customer in Stripe, for live and test mode alike. Throws `StripeError` as a request failed (stripe-errors.ts), and
 * `ModeNotConfigured` (retryable) in a mode without a secret key.
 */
export function createRegistrationActivities(dependencies: Pick<ActivityDependencies, 'db' | 'stripe'>) {
  const { db } = dependencies;
  return {
    /**
     * Makes the user's Stripe customer, once.
     *
     * @returns the customer's id, `cus_…`.
     * @throws ApplicationFailure `UserNotFound` (not retryable), also of one who was erased.
     */
    async registerCustomer({ mode, userId }: UserKey): Promise<string> {
      const user = await userOf(mode, userId);
      if (user.stripe_customer_id !== null) return user.stripe_customer_id;
      const stripe = stripeOf(dependencies, mode);
      const customer = await writeToStripeOnce(db, {
        mode,
        writeKey: `customer:${userId}`,
        // By date, not by e-mail, which may have changed since. Not by search, which lags.
        find: async (since) => {
          for await (const each of stripe.customers.list({
            created: { gte: unixSeconds(since) },
            limit: 100,
          })) {
            if (each.metadata['user_id'] === userId) return each;
          }
          return null;
        },
        create: (idempotencyKey) =>
          stripe.customers.create(
            { email: user.email, name: user.name, metadata: { user_id: userId } },
            { idempotencyKey },
          ),
      });
      await saveStripeCustomer(db, mode, userId, customer.id);
      return customer.id;
    },

    /** Brings e-mail and name of the Stripe customer to what the host product said last. */
    async updateCustomerProfile({ mode, stripeCustomerId }: CustomerKey): Promise<void> {
      const user = await findUserByStripeCustomer(db, mode, stripeCustomerId);
      if (user === undefined || user.erased_at !== null) return;
      const { email, name } = user;
      await stripeOf(dependencies, mode).customers.update(stripeCustomerId, { email, name });
    },
  };

  async function userOf(mode: Mode, userId: string): Promise<User> {
    const user = await findUser(db, mode, userId);
    if (user !== undefined && user.erased_at === null) return user;
    throw ApplicationFailure.create({
      message: `There is no user ${userId} in ${mode} mode`,
      type: 'UserNotFound',
      nonRetryable: true,
    });
  }
}
