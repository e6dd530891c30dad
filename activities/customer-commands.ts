import { collectionAttemptsOf, listUnpaidBills, saveCollectionAttempt } from '../db/bill-status.ts';
import { assignCluster, releaseCluster, type ToBeTold } from '../db/clusters.ts';
import { saveOperatorDecision } from '../db/operator-decisions.ts';
import { listStripeProducts } from '../db/price-list.ts';
import { findUserByStripeCustomer, type StepOutcome, saveStanding, saveSubscription } from '../db/users.ts';
import type { SubscriptionFact, UnpaidBillFact } from '../domain/customer-facts.ts';
import type { CustomerKey, KnownCustomer } from '../domain/customer-key.ts';
import type { Mode } from '../domain/mode.ts';
import type { OperatorDecision } from '../domain/operator-decisions.ts';
import { type ActivityDependencies, stripeOf } from './dependencies.ts';
import { priceListMissing, userNotFound } from './failures.ts';
import { retrieveInvoice, syncInvoice } from './invoice-sync.ts';
import { isCardError } from './stripe-errors.ts';
import { writeToStripeOnce } from './stripe-write.ts';
import { subscriptionFact } from './subscription-facts.ts';

/**
 * One activity for each command of domain/customer-commands.ts. Each is safe to repeat, and returns what is true after it. Those that ask
 * Stripe throw its `StripeError`: stripe-errors.ts says which are worth a retry.
 */
export function createCustomerCommandActivities(dependencies: ActivityDependencies) {
  const { db } = dependencies;
  return {
    /** Makes the payment method the one that invoices charge. (No default on the subscription: that would win, and go stale.) */
    async setDefaultPaymentMethod(input: CustomerKey & { readonly paymentMethodId: string }): Promise<void> {
      await stripeOf(dependencies, input.mode).customers.update(input.stripeCustomerId, {
        invoice_settings: { default_payment_method: input.paymentMethodId },
      });
    },

    /**
     * Creates THE metered subscription with all active products of `stripe_products`, once per Checkout session.
     * Its own invoices are $0, because nothing is ever posted to the meters: what is billed comes from our bills.
     *
     * @throws ApplicationFailure `PriceListMissing` (retryable) when no product has a price yet.
     */
    async createSubscription(
      input: KnownCustomer & { readonly checkoutSessionId: string },
    ): Promise<SubscriptionFact> {
      const { mode, stripeCustomerId: customer, userId, checkoutSessionId } = input;
      const stripe = stripeOf(dependencies, mode);
      const prices = await meteredPrices(input.mode);
      const subscription = await writeToStripeOnce(db, {
        mode,
        writeKey: `subscription:${checkoutSessionId}`,
        find: async () => {
          const existing = await stripe.subscriptions.list({ customer, status: 'all', limit: 100 });
          return (
            existing.data.find((each) => each.metadata['checkout_session_id'] === checkoutSessionId) ?? null
          );
        },
        create: (idempotencyKey) =>
          stripe.subscriptions.create(
            {
              customer,
              items: prices.map((price) => ({ price })),
              billing_cycle_anchor_config: { day_of_month: 1, hour: 0, minute: 0, second: 0 },
              proration_behavior: 'none',
              metadata: { user_id: userId, checkout_session_id: checkoutSessionId },
            },
            { idempotencyKey },
          ),
      });
      return subscriptionFact(subscription);
    },

    /** Ends a second subscription that we made, and returns how it is then. It never costs anything: nothing is metered. */
    async cancelSubscription(
      input: KnownCustomer & { readonly subscriptionId: string },
    ): Promise<SubscriptionFact> {
      const stripe = stripeOf(dependencies, input.mode);
      const before = await stripe.subscriptions.retrieve(input.subscriptionId);
      if (before.status === 'canceled') return subscriptionFact(before);
      return subscriptionFact(await stripe.subscriptions.cancel(input.subscriptionId));
    },

    /** Saves the subscription with the user, and that these sessions have had their effect. */
    async saveSubscription(
      input: KnownCustomer & {
        readonly subscriptionId: string;
        readonly checkoutSessionIds: readonly string[];
      },
    ): Promise<void> {
      await saveSubscription(db, input, input);
    },

    /**
     * Has Stripe collect open invoices now, with each of the payment methods in turn until one pays.
     *
     * @returns the bills that are still unpaid.
     */
    async collectInvoices(
      input: KnownCustomer & {
        readonly stripeInvoiceIds: readonly string[];
        /** None: the customer's default. */
        readonly paymentMethodIds: readonly string[];
        readonly nowMs: number;
      },
    ): Promise<UnpaidBillFact[]> {
      const { mode, nowMs } = input;
      const charged = input.paymentMethodIds.length > 0 ? input.paymentMethodIds : [null];
      for (const invoiceId of input.stripeInvoiceIds) {
        let invoice = await retrieveInvoice(dependencies, mode, invoiceId);
        for (const paymentMethodId of charged) {
          if (invoice.status !== 'open') break;
          await pay(mode, invoiceId, paymentMethodId, new Date(nowMs));
          invoice = await retrieveInvoice(dependencies, mode, invoiceId);
        }
        await syncInvoice(dependencies, { mode, events: [], nowMs }, invoice);
      }
      return await listUnpaidBills(db, mode, input.userId);
    },

    /** @returns the cluster's id, or `null` while it is not the user's turn; and whom else to tell of theirs. */
    async assignCluster(
      input: KnownCustomer & { readonly nowMs: number },
    ): Promise<{ readonly clusterId: string | null; readonly toBeTold: ToBeTold }> {
      return await assignCluster(db, input, new Date(input.nowMs));
    },

    /** Gives the place back. @returns whom to tell of the place they have now. */
    async releaseCluster(input: KnownCustomer): Promise<ToBeTold> {
      return await releaseCluster(db, input);
    },

    /**
     * Saves where the customer stands, together with the events that have now had their effect.
     *
     * @returns since when the customer stands so, Unix milliseconds.
     */
    async saveStanding(input: KnownCustomer & StepOutcome): Promise<number> {
      return (await saveStanding(db, input, input)).getTime();
    },

    /**
     * Records what an operator decided, once.
     *
     * @throws ApplicationFailure `UserNotFound` (not retryable) when the customer is not one of ours.
     */
    async saveOperatorDecision(
      input: CustomerKey & { readonly decisionId: string; readonly decision: OperatorDecision },
    ): Promise<void> {
      const user = await findUserByStripeCustomer(db, input.mode, input.stripeCustomerId);
      if (user === undefined) throw userNotFound(input);
      await saveOperatorDecision(db, { mode: input.mode, userId: user.user_id }, input);
    },
  };

  /**
   * Has Stripe charge an open invoice, once for this attempt. A declined card is an answer, and so is a refusal because
   * somebody had it paid before us: how it stands, the invoice says.
   */
  async function pay(mode: Mode, invoiceId: string, paymentMethodId: string | null, at: Date): Promise<void> {
    const attempt = (await collectionAttemptsOf(db, mode, invoiceId)) ?? 0;
    const stripe = stripeOf(dependencies, mode);
    const ifSettled = async () => {
      const invoice = await stripe.invoices.retrieve(invoiceId);
      return invoice.status === 'open' ? null : invoice;
    };
    try {
      await writeToStripeOnce(db, {
        mode,
        writeKey: `invoice:${invoiceId}:pay:${attempt}`,
        find: ifSettled,
        create: (idempotencyKey) =>
          stripe.invoices.pay(
            invoiceId,
            paymentMethodId === null ? {} : { payment_method: paymentMethodId },
            { idempotencyKey },
          ),
      });
    } catch (error) {
      if (!isCardError(error) && (await ifSettled()) === null) throw error;
    }
    await saveCollectionAttempt(db, { mode, stripeInvoiceId: invoiceId, attempt, at });
  }

  async function meteredPrices(mode: Mode): Promise<string[]> {
    const products = await listStripeProducts(db, mode);
    const prices = products.flatMap((row) =>
      row.active && row.product !== 'credits' && row.stripe_price_id !== null ? [row.stripe_price_id] : [],
    );
    if (prices.length > 0) return prices;
    throw priceListMissing(mode, 'metered price');
  }
}
