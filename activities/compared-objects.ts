/** Stripe's objects as comparisons read them: ids, states and amounts, nothing personal. */
import type { Stripe } from 'stripe';
import type { ComparedCheckoutSession } from '../domain/compare-checkout-sessions.ts';
import type { ComparedCustomer } from '../domain/compare-customers.ts';
import type { ComparedInvoice } from '../domain/compare-invoices.ts';
import type { ComparedClaim } from '../domain/compare-payments.ts';
import type { ComparedSubscription } from '../domain/compare-subscriptions.ts';
import { billIdentityOf, billIdOf } from './bill-on-invoice.ts';
import { creditsSoldBy } from './payment-sync.ts';
import { idOf } from './stripe-values.ts';
import { isOurSubscription, subscriptionFact } from './subscription-facts.ts';

/**
 * Stripe dates no change of a subscription's status but its making, cancellation and end. So one that became past due this moment
 * may be compared while its event is under way, which costs a look at the customer.
 */
export function comparedSubscription(subscription: Stripe.Subscription): ComparedSubscription {
  const { created, canceled_at: canceledAt, ended_at: endedAt } = subscription;
  return {
    ...subscriptionFact(subscription),
    stripeCustomerId: idOf(subscription.customer) ?? '',
    changedAt: latest(created, canceledAt, endedAt),
  };
}

/** @param session with its customer, and the payment method of its setup intent, expanded. */
export function comparedSession(session: Stripe.Checkout.Session): ComparedCheckoutSession {
  const { id, mode, customer, setup_intent: intent, created } = session;
  const method = typeof intent === 'object' ? intent?.payment_method : null;
  return {
    id,
    mode,
    stripeCustomerId: idOf(customer),
    customerDeleted: typeof customer === 'object' && customer?.deleted === true,
    paysCredits: session.payment_status === 'paid' && creditsSoldBy(session) !== null,
    created,
    // It is made when the session is completed.
    completedAt: typeof method === 'object' ? latest(created, method?.created) : created,
  };
}

/**
 * Amounts in cents, as Stripe has them now: `subtotalCents` before coupons and taxes, `askedCents` after them and less what credit
 * notes took off. `changedAt` is the last change of its status, Unix seconds.
 */
export function comparedInvoice(invoice: Stripe.Invoice): ComparedInvoice {
  const { id, status, attempted, subtotal, created, status_transitions: at } = invoice;
  const credited = invoice.pre_payment_credit_notes_amount + invoice.post_payment_credit_notes_amount;
  return {
    id,
    status,
    attempted,
    stripeCustomerId: idOf(invoice.customer),
    billId: billIdOf(invoice),
    billedUserId: billIdentityOf(invoice)?.userId ?? null,
    subscription: subscriptionOf(invoice),
    subtotalCents: subtotal,
    askedCents: invoice.total - credited,
    creditedCents: credited,
    created,
    changedAt: latest(created, at.finalized_at, at.paid_at, at.voided_at, at.marked_uncollectible_at),
  };
}

/** Stripe copies the subscription's metadata when it makes the invoice. */
function subscriptionOf({ parent }: Stripe.Invoice): ComparedInvoice['subscription'] {
  const { subscription = null, metadata = null } = parent?.subscription_details ?? {};
  const id = idOf(subscription);
  return id === null ? null : { id, isOurs: isOurSubscription(metadata) };
}

/** By `metadata.user_id`, which registration writes, an orphan finds its user again; `null`: none of ours. No e-mail and no name. */
export function comparedCustomer(customer: Stripe.Customer): ComparedCustomer {
  const { id, created, metadata, invoice_settings: settings } = customer;
  return {
    id,
    userId: metadata['user_id'] ?? null,
    defaultPaymentMethodId: idOf(settings.default_payment_method),
    created,
  };
}

/** @param dispute with its charge expanded. */
export function comparedDispute({ id, status, charge, created }: Stripe.Dispute): ComparedClaim {
  return { id, status, ...payerOf(charge), created };
}

/** @param refund with its charge expanded. One without a charge is none of ours. */
export function comparedRefund({ id, status, charge, created }: Stripe.Refund): ComparedClaim[] {
  return charge === null ? [] : [{ id, status: status ?? 'unknown', ...payerOf(charge), created }];
}

function payerOf(charge: string | Stripe.Charge) {
  return typeof charge === 'string'
    ? { chargeId: charge, stripeCustomerId: null }
    : { chargeId: charge.id, stripeCustomerId: idOf(charge.customer) };
}

/** Unix seconds; `null` has not happened. */
function latest(...times: readonly (number | null | undefined)[]): number {
  return Math.max(...times.map((at) => at ?? 0));
}
