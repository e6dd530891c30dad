import type { Stripe } from 'stripe';
import { listBills, owedCents } from '../../db/bills.ts';
import { creditBalanceCents } from '../../db/credits.ts';
import type { BillingStatus, WaitingFor } from '../../domain/customer-standing.ts';
import type { CustomerBillingState } from '../../domain/customer-workflow.ts';
import { type Customer, stateOf, subscriptionsOf, userOf } from './customers.ts';
import type { RunningBilling } from './running-billing.ts';

/** Where a customer's life has led, in the database, in Stripe and in the workflow, without ids and times. */
export interface Outcome {
  readonly status: BillingStatus;
  readonly waitingFor: WaitingFor | null;
  readonly reason: string;
  readonly hasCluster: boolean;
  readonly hasSubscription: boolean;
  readonly owesCents: number;
  readonly creditsCents: number;
  readonly creditShortfallCents: number;
  /** Last four digits; the card that Stripe charges, and the one we hold for it. */
  readonly defaultCard: string | null;
  readonly savedDefaultCard: string | null;
  readonly cards: readonly string[];
  /** Statuses in Stripe of all there ever were. */
  readonly subscriptions: readonly string[];
  /** Such as `300 paid`. */
  readonly bills: readonly string[];
  /** What was charged with success, such as `300 by 4242`. */
  readonly payments: readonly string[];
  readonly refundedCents: number;
  /** What operators are to see to. */
  readonly attention: readonly string[];
  readonly workflow: Pick<CustomerBillingState, 'status' | 'waitingFor' | 'parked' | 'queuedEvents'>;
}

/** Somebody who is served, and owes nothing that is due. */
export const ACTIVE = {
  status: 'active',
  waitingFor: null,
  subscriptions: ['active'],
  hasCluster: true,
} as const satisfies Partial<Outcome>;

const STRIPE_ID = /\b[a-z]+_[0-9A-Za-z]{8,}\b/g;

/** Looks at everything as it is now. @throws Error when there is no such user, or no workflow of theirs answers. */
export async function outcomeOf(service: RunningBilling, customer: Customer): Promise<Outcome> {
  const { db } = service;
  const { mode, userId, stripeCustomerId } = customer;
  const stripe = service.stripe[mode];
  const [user, state, subscriptions, inStripe] = await Promise.all([
    userOf(service, customer),
    stateOf(service, customer),
    subscriptionsOf(service, customer),
    stripe.customers.retrieve(stripeCustomerId),
  ]);
  const cards =
    inStripe.deleted === true ? [] : (await stripe.paymentMethods.list({ customer: stripeCustomerId })).data;
  const charges = (await stripe.charges.list({ customer: stripeCustomerId, limit: 100 })).data;
  const last4Of = (id: unknown) => cards.find((card) => card.id === id)?.card?.last4 ?? null;
  const { status, waitingFor, parked, queuedEvents } = state;
  return {
    status: user.status,
    waitingFor: user.waiting_for,
    reason: user.status_reason,
    hasCluster: user.cluster_id !== null,
    hasSubscription: user.stripe_subscription_id !== null,
    owesCents: await owedCents(db, mode, userId),
    creditsCents: await creditBalanceCents(db, mode, userId),
    creditShortfallCents: user.credit_shortfall_cents,
    defaultCard: inStripe.deleted === true ? null : last4Of(inStripe.invoice_settings.default_payment_method),
    savedDefaultCard: last4Of(user.default_payment_method_id),
    cards: cards.map(({ card }) => card?.last4 ?? '').toSorted(),
    subscriptions: subscriptions.map((each) => each.status).toSorted(),
    bills: (await listBills(db, mode, userId)).map((bill) => `${bill.totalCents} ${bill.status}`),
    payments: charges
      .filter(({ paid }) => paid)
      .map(paymentText)
      .toSorted(),
    refundedCents: charges.reduce((sum, charge) => sum + charge.amount_refunded, 0),
    attention: state.attention.map((sentence) => sentence.replaceAll(STRIPE_ID, '…')),
    workflow: { status, waitingFor, parked, queuedEvents },
  };
}

function paymentText({ amount, payment_method_details: details }: Stripe.Charge): string {
  return `${amount} by ${details?.card?.last4 ?? 'nothing'}`;
}

/** Users on each cluster. */
export async function clusterLoads({ db }: RunningBilling): Promise<Record<string, number>> {
  const rows = await db
    .selectFrom('users')
    .select(({ fn }) => ['cluster_id', fn.countAll<string>().as('users')])
    .where('cluster_id', 'is not', null)
    .groupBy('cluster_id')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.cluster_id ?? '', Number(row.users)] as const));
}
