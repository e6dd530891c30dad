import type { Stripe } from 'stripe';
import { appliedEventIds } from '../db/applied-events.ts';
import { listOpenInvoices, listParkedBills, listUnpaidBills } from '../db/bill-status.ts';
import { completedSessionsOf } from '../db/checkout-sessions.ts';
import { listDisputes } from '../db/disputes.ts';
import { savePaymentMethods } from '../db/payment-methods.ts';
import { findUserByStripeCustomer, type User } from '../db/users.ts';
import type { CompletedSetupFact, CustomerFacts, OperatorSuspensionFact } from '../domain/customer-facts.ts';
import type { CustomerKey, KnownCustomer } from '../domain/customer-key.ts';
import type { StripeEventEnvelope } from '../domain/stripe-event.ts';
import { type ActivityDependencies, stripeOf } from './dependencies.ts';
import { retrieveInvoice, retrieveInvoiceIfThere, syncInvoice } from './invoice-sync.ts';
import { paymentMethodDetails } from './payment-method-details.ts';
import { syncCharge, syncCreditPurchase } from './payment-sync.ts';
import { idOf } from './stripe-values.ts';
import { subscriptionFact } from './subscription-facts.ts';

/** A look at one customer, as their workflow asks for it: after events, when a timer is due, or when told to look again. */
export interface LookAtCustomerInput extends CustomerKey {
  /** What made us look. Their objects are fetched anew; nothing in an event is believed but when it happened. */
  readonly events: readonly StripeEventEnvelope[];
  /** The workflow's time, Unix milliseconds. */
  readonly nowMs: number;
}

/** What a look has found. It stays in the workflow's history, so the customer's name, e-mail and card digits are not in it. */
export interface CustomerAtAGlance {
  readonly userId: string;
  /** Whether the host product wants to be told of changes. */
  readonly tellsHost: boolean;
  readonly facts: CustomerFacts;
}

/**
 * The facts that the rules of domain/ decide by. A look repeats safely: it brings rows up to date, and writes nothing to Stripe.
 * What it throws of Stripe's is `StripeError`, see stripe-errors.ts for which are retried.
 */
export function createCustomerFactsActivities(dependencies: ActivityDependencies) {
  const { db, rules, hostHooks } = dependencies;
  return {
    /**
     * Looks at everything that decides a customer's access, in Stripe and in the database, and brings what we keep of the
     * events' objects (bills, credits, disputes) and of the payment methods up to date.
     *
     * @returns `null` when the customer is not one of ours.
     */
    async lookAtCustomer(input: LookAtCustomerInput): Promise<CustomerAtAGlance | null> {
      const { mode, stripeCustomerId } = input;
      const found = await findUserByStripeCustomer(db, mode, stripeCustomerId);
      if (found === undefined) return null;
      const { user_id: userId } = found;
      const eventIds = input.events.map((event) => event.eventId);
      const applied = await appliedEventIds(db, mode, eventIds);
      const events = input.events.filter((event) => !applied.has(event.eventId));

      // First the payment methods: whichever is seen, the failures that it came after are seen as well.
      const customer = await lookAtStripe(input, userId);
      await syncInvoices({ ...input, events }, userId);
      const customerKey = { mode, stripeCustomerId, userId };
      for (const chargeId of chargeIdsOf(events)) await syncCharge(dependencies, customerKey, chargeId);
      const completedSetups = await lookAtSessions({ ...customerKey, events });

      const user = (await findUserByStripeCustomer(db, mode, stripeCustomerId)) ?? found;
      const facts: CustomerFacts = {
        ...customer,
        newPaymentMethodIds: customer.paymentMethods
          .map(({ id }) => id)
          .filter((id) => !user.known_payment_method_ids.includes(id)),
        completedSetups,
        unpaidBills: await listUnpaidBills(db, mode, userId),
        parkedBills: await listParkedBills(db, mode, userId),
        disputes: await listDisputes(db, mode, userId),
        creditShortfallCents: user.credit_shortfall_cents,
        savedSubscriptionId: user.stripe_subscription_id,
        clusterId: user.cluster_id,
        operatorSuspension: operatorSuspensionOf(user),
        graceEndsAtMs: user.grace_ends_at?.getTime() ?? null,
        graceExtendedUntilMs: user.grace_extended_until?.getTime() ?? null,
        graceMs: rules.graceMs,
      };
      return { userId, tellsHost: hostHooks[mode] !== null, facts };
    },
  };

  /** The invoices that the events are about, and all that were open when we looked last: an event may be late, or lost. */
  async function syncInvoices(input: LookAtCustomerInput, userId: string): Promise<void> {
    const open = await listOpenInvoices(db, input.mode, userId);
    const invoiceIds = new Set([...objectIdsOf(input.events, 'invoice.'), ...open]);
    for (const invoiceId of invoiceIds) {
      // An event about a draft that was deleted since says nothing of any bill. An invoice that a bill waits for must be there.
      const retrieve = open.includes(invoiceId) ? retrieveInvoice : retrieveInvoiceIfThere;
      const invoice = await retrieve(dependencies, input.mode, invoiceId);
      if (invoice !== null) await syncInvoice(dependencies, input, invoice);
    }
  }

  /** Grants the credits of completed payments, and gives the setups that are complete, the customer's, and not yet seen to. */
  async function lookAtSessions(
    input: KnownCustomer & { readonly events: readonly StripeEventEnvelope[] },
  ): Promise<CompletedSetupFact[]> {
    const { mode, userId, stripeCustomerId, events } = input;
    const sessionIds = objectIdsOf(events, 'checkout.session.');
    const seenTo = sessionIds.length > 0 ? await completedSessionsOf(db, mode, userId) : new Set<string>();
    const setups: CompletedSetupFact[] = [];
    for (const sessionId of sessionIds) {
      if (seenTo.has(sessionId)) continue;
      const session = await stripeOf(dependencies, mode).checkout.sessions.retrieve(sessionId, {
        expand: ['setup_intent'],
      });
      if (session.customer !== stripeCustomerId || session.status !== 'complete') continue;
      if (session.mode === 'payment') await syncCreditPurchase(dependencies, input, session);
      const paymentMethodId = paymentMethodOf(session);
      if (session.mode !== 'setup' || paymentMethodId === null) continue;
      const told = events.filter((event) => event.objectId === sessionId).map(({ created }) => created);
      setups.push({ checkoutSessionId: sessionId, paymentMethodId, completedAt: Math.min(...told) });
    }
    return setups.toSorted((a, b) => a.completedAt - b.completedAt);
  }

  async function lookAtStripe(
    { mode, stripeCustomerId }: CustomerKey,
    userId: string,
  ): Promise<
    Pick<CustomerFacts, 'customerDeleted' | 'defaultPaymentMethodId' | 'paymentMethods' | 'subscriptions'>
  > {
    const stripe = stripeOf(dependencies, mode);
    const [customer, subscriptions] = await Promise.all([
      stripe.customers.retrieve(stripeCustomerId),
      stripe.subscriptions.list({ customer: stripeCustomerId, status: 'all', limit: 100 }),
    ]);
    const customerDeleted = customer.deleted === true;
    // Stripe lists no payment methods of a customer who was deleted: it refuses.
    const paymentMethods = customerDeleted
      ? []
      : (await stripe.paymentMethods.list({ customer: stripeCustomerId, limit: 100 })).data;
    // What they are shown by goes into the table and not into the answer, which stays in the workflow's history.
    await savePaymentMethods(db, { mode, userId }, paymentMethods.map(paymentMethodDetails));
    return {
      customerDeleted,
      defaultPaymentMethodId: customerDeleted ? null : idOf(customer.invoice_settings.default_payment_method),
      paymentMethods: paymentMethods.map(({ id, created }) => ({ id, created })),
      subscriptions: subscriptions.data.map(subscriptionFact),
    };
  }
}

function paymentMethodOf(session: Stripe.Checkout.Session): string | null {
  const intent = session.setup_intent;
  return typeof intent === 'object' ? idOf(intent?.payment_method ?? null) : null;
}

function operatorSuspensionOf(user: User): OperatorSuspensionFact | null {
  const { suspended_by: by, suspended_reason: reason } = user;
  return by === null ? null : { by, reason: reason ?? '' };
}

/** Charges that the events are about, each once. */
function chargeIdsOf(events: readonly StripeEventEnvelope[]): string[] {
  const refunded = objectIdsOf(events, 'charge.refunded');
  return [...new Set([...refunded, ...events.flatMap((event) => event.chargeId ?? [])])];
}

/** Ids of the objects of events whose type begins so, each once. */
function objectIdsOf(events: readonly StripeEventEnvelope[], typePrefix: string): string[] {
  return [
    ...new Set(events.filter((event) => event.type.startsWith(typePrefix)).map((event) => event.objectId)),
  ];
}
