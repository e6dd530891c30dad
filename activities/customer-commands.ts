import { ApplicationFailure } from '@temporalio/common';
import { listUnpaidBills, saveInvoiceOutcome } from '../db/bill-status.ts';
import { assignCluster, releaseCluster } from '../db/clusters.ts';
import { listStripeProducts } from '../db/price-list.ts';
import { saveStanding, saveSubscription } from '../db/users.ts';
import { billStatusOfInvoice } from '../domain/bill.ts';
import type { CustomerStanding, SubscriptionFact, UnpaidBillFact } from '../domain/customer-billing.ts';
import type { Mode } from '../domain/mode.ts';
import type { StripeEventEnvelope } from '../domain/workflow-contracts.ts';
import { type ActivityDependencies, stripeOf } from './dependencies.ts';
import { isCardError } from './stripe-errors.ts';
import { writeToStripeOnce } from './stripe-write.ts';

export interface CustomerKey {
  readonly mode: Mode;
  readonly stripeCustomerId: string;
}

export interface UserKey extends CustomerKey {
  readonly userId: string;
}

/** One activity for each command of domain/customer-billing.ts. Each is safe to repeat, and returns what is true after it. */
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
     */
    async createSubscription(
      input: UserKey & { readonly checkoutSessionId: string },
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
      return { id: subscription.id, status: subscription.status, created: subscription.created };
    },

    /** Saves the subscription with the user, and that these sessions have had their effect. */
    async saveSubscription(
      input: UserKey & { readonly subscriptionId: string; readonly checkoutSessionIds: readonly string[] },
    ): Promise<void> {
      await saveSubscription(db, input, input);
    },

    /**
     * Has Stripe collect open invoices now, with the present default payment method.
     *
     * @returns the bills that are still unpaid.
     */
    async collectInvoices(
      input: UserKey & { readonly stripeInvoiceIds: readonly string[]; readonly nowMs: number },
    ): Promise<UnpaidBillFact[]> {
      const stripe = stripeOf(dependencies, input.mode);
      for (const invoiceId of input.stripeInvoiceIds) {
        let invoice = await stripe.invoices.retrieve(invoiceId);
        if (invoice.status === 'open') {
          try {
            invoice = await stripe.invoices.pay(invoiceId);
          } catch (error) {
            // A declined card is an answer, and so is a refusal because somebody had it paid before us: how it stands, the
            // invoice says.
            invoice = await stripe.invoices.retrieve(invoiceId);
            if (invoice.status === 'open' && !isCardError(error)) throw error;
          }
        }
        const billId = invoice.metadata?.['bill_id'];
        const status = billStatusOfInvoice(invoice);
        if (billId === undefined || status === null) continue;
        const seenAt = new Date(input.nowMs);
        await saveInvoiceOutcome(db, {
          mode: input.mode,
          billId,
          stripeInvoiceId: invoice.id,
          status,
          seenAt,
        });
      }
      return await listUnpaidBills(db, input.mode, input.userId);
    },

    /** @returns the cluster's id, or `null` while every cluster is full. */
    async assignCluster(input: UserKey): Promise<string | null> {
      return await assignCluster(db, input.mode, input.userId);
    },

    async releaseCluster(input: UserKey): Promise<void> {
      await releaseCluster(db, input.mode, input.userId);
    },

    /** Saves where the customer stands, together with the events that have now had their effect. */
    async saveStanding(
      input: UserKey & {
        readonly standing: CustomerStanding;
        readonly defaultPaymentMethodId: string | null;
        readonly events: readonly StripeEventEnvelope[];
      },
    ): Promise<void> {
      const standing = { ...input.standing, defaultPaymentMethodId: input.defaultPaymentMethodId };
      await saveStanding(db, input, standing, input.events);
    },
  };

  async function meteredPrices(mode: Mode): Promise<string[]> {
    const products = await listStripeProducts(db, mode);
    const prices = products.flatMap((row) =>
      row.active && row.product !== 'credits' && row.stripe_price_id !== null ? [row.stripe_price_id] : [],
    );
    if (prices.length > 0) return prices;
    throw ApplicationFailure.create({
      message: `stripe_products has no metered price for ${mode} mode; run "npm run billing -- setup-stripe"`,
      type: 'PriceListMissing',
    });
  }
}
