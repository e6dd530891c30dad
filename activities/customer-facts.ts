import type { Stripe } from 'stripe';
import { appliedEventIds } from '../db/applied-events.ts';
import { listUnpaidBills, saveInvoiceOutcome } from '../db/bill-status.ts';
import { completedSessionsOf } from '../db/checkout-sessions.ts';
import { findUserByStripeCustomer } from '../db/users.ts';
import { billStatusOfInvoice } from '../domain/bill.ts';
import type { CompletedSetupFact, CustomerFacts } from '../domain/customer-billing.ts';
import type { StripeEventEnvelope } from '../domain/workflow-contracts.ts';
import type { CustomerKey } from './customer-commands.ts';
import { type ActivityDependencies, stripeOf } from './dependencies.ts';
import type { StripeClient } from './stripe-client.ts';

export interface LookAtCustomerInput extends CustomerKey {
  /** What made us look. Their objects are fetched anew; nothing in an event is believed. */
  readonly events: readonly StripeEventEnvelope[];
  /** The workflow's time, Unix milliseconds: a payment failure first seen now dates from it. */
  readonly nowMs: number;
}

export interface CustomerAtAGlance {
  readonly userId: string;
  readonly facts: CustomerFacts;
}

export function createCustomerFactsActivities(dependencies: ActivityDependencies) {
  const { db, rules, log } = dependencies;

  /** Brings the bill of an invoice of ours to the invoice's state. Others, such as the subscription's $0 ones, are not ours. */
  async function syncInvoice(input: LookAtCustomerInput, invoice: Stripe.Invoice): Promise<void> {
    const billId = invoice.metadata?.['bill_id'];
    if (billId === undefined) {
      if (invoice.amount_due > 0) {
        log.warn(
          { invoiceId: invoice.id, mode: input.mode },
          'an invoice that we did not make asks for money; was a meter event posted?',
        );
      }
      return;
    }
    const status = billStatusOfInvoice(invoice);
    if (status === null) return;
    const seenAt = new Date(input.nowMs);
    await saveInvoiceOutcome(db, { mode: input.mode, billId, stripeInvoiceId: invoice.id, status, seenAt });
  }

  return {
    /**
     * Looks at everything that decides a customer's access, in Stripe and in the database, and brings the bills of
     * invoices among the events up to date.
     *
     * @returns `null` when the customer is not one of ours.
     */
    async lookAtCustomer(input: LookAtCustomerInput): Promise<CustomerAtAGlance | null> {
      const { mode, stripeCustomerId } = input;
      const user = await findUserByStripeCustomer(db, mode, stripeCustomerId);
      if (user === undefined) return null;
      const stripe = stripeOf(dependencies, mode);
      const applied = await appliedEventIds(
        db,
        mode,
        input.events.map((event) => event.eventId),
      );
      const events = input.events.filter((event) => !applied.has(event.eventId));

      const unpaidBefore = await listUnpaidBills(db, mode, user.user_id);
      const invoiceIds = new Set([
        ...objectIdsOf(events, 'invoice.'),
        ...unpaidBefore.map((bill) => bill.stripeInvoiceId),
      ]);
      for (const invoiceId of invoiceIds) await syncInvoice(input, await stripe.invoices.retrieve(invoiceId));

      const customer = await stripe.customers.retrieve(stripeCustomerId);
      const [paymentMethods, subscriptions, completedSetups, unpaidBills] = await Promise.all([
        // Stripe lists no payment methods of a customer who was deleted: it refuses.
        customer.deleted === true
          ? { data: [] }
          : stripe.paymentMethods.list({ customer: stripeCustomerId, limit: 100 }),
        stripe.subscriptions.list({ customer: stripeCustomerId, status: 'all', limit: 100 }),
        lookAtCompletedSetups(
          stripe,
          { ...input, events },
          await completedSessionsOf(db, mode, user.user_id),
        ),
        listUnpaidBills(db, mode, user.user_id),
      ]);
      const defaultPaymentMethod =
        customer.deleted === true ? null : customer.invoice_settings.default_payment_method;
      const facts: CustomerFacts = {
        customerDeleted: customer.deleted === true,
        defaultPaymentMethodId:
          typeof defaultPaymentMethod === 'string'
            ? defaultPaymentMethod
            : (defaultPaymentMethod?.id ?? null),
        paymentMethods: paymentMethods.data.map(({ id, created }) => ({ id, created })),
        offeredPaymentMethodIds: [
          ...objectIdsOf(events, 'payment_method.attached'),
          ...completedSetups.map((setup) => setup.paymentMethodId),
        ],
        subscriptions: subscriptions.data.map(({ id, status, created }) => ({ id, status, created })),
        completedSetups,
        unpaidBills,
        savedSubscriptionId: user.stripe_subscription_id,
        clusterId: user.cluster_id,
        graceEndsAtMs: user.grace_ends_at?.getTime() ?? null,
        graceMs: rules.graceMs,
      };
      return { userId: user.user_id, facts };
    },
  };
}

/** Setup sessions among the events that are complete in Stripe, belong to the customer, and have not been seen to before. */
async function lookAtCompletedSetups(
  stripe: StripeClient,
  { stripeCustomerId, events }: LookAtCustomerInput,
  seenTo: ReadonlySet<string>,
): Promise<CompletedSetupFact[]> {
  const sessionIds = objectIdsOf(events, 'checkout.session.completed').filter((id) => !seenTo.has(id));
  const sessions = await Promise.all(
    sessionIds.map((id) => stripe.checkout.sessions.retrieve(id, { expand: ['setup_intent'] })),
  );
  return sessions
    .filter(
      (session) =>
        session.mode === 'setup' && session.status === 'complete' && session.customer === stripeCustomerId,
    )
    .toSorted((a, b) => a.created - b.created)
    .flatMap((session) => {
      const intent = session.setup_intent;
      const method = typeof intent === 'object' ? intent?.payment_method : null;
      if (method === null || method === undefined) return [];
      return [
        { checkoutSessionId: session.id, paymentMethodId: typeof method === 'string' ? method : method.id },
      ];
    });
}

/** Ids of the objects of events whose type begins so, each once. */
function objectIdsOf(events: readonly StripeEventEnvelope[], typePrefix: string): string[] {
  return [
    ...new Set(events.filter((event) => event.type.startsWith(typePrefix)).map((event) => event.objectId)),
  ];
}
