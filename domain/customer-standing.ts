/** Where a customer stands: one table of rules, read from the top. docs/billing.md shows it too, and a test compares them. */
import {
  type CustomerFacts,
  lastEndedSubscription,
  liveSubscription,
  liveSubscriptions,
  type SubscriptionFact,
} from './customer-facts.ts';
import { graceEndOf, nextRetryOf } from './dunning.ts';
import { formatCents } from './money.ts';

/** `none`: never subscribed. `past_due`: owes, has access until the grace period ends. `suspended`: no access. */
export const BILLING_STATUSES = ['none', 'active', 'past_due', 'suspended'] as const;
/** Whether a user may use their cluster, and on what terms. */
export type BillingStatus = (typeof BILLING_STATUSES)[number];

/** What the customer's billing stands still for, if anything. */
export const WAITING_FOR = [
  'checkout',
  'payment_method',
  'payment',
  'cluster',
  'subscription',
  'operator',
] as const;
/** What has to come before billing goes on: from the customer, from a person in charge, or a place on a cluster. */
export type WaitingFor = (typeof WAITING_FOR)[number];

/** Where a customer stands; saved with the user and shown to operators. */
export interface CustomerStanding {
  readonly status: BillingStatus;
  readonly waitingFor: WaitingFor | null;
  /** Why, in a sentence for a person. */
  readonly reason: string;
  /** The object in Stripe that caused it, such as the unpaid invoice. */
  readonly stripeObjectId: string | null;
  readonly graceEndsAtMs: number | null;
  /** When to look again without an event: a deadline or an attempt to collect is due. */
  readonly nextLookAtMs: number | null;
  /** May use a cluster and has none: stands in the queue for a place. */
  readonly wantsCluster: boolean;
  /** What a person should see to, in sentences. It changes nothing about access. */
  readonly attention: readonly string[];
}

interface StandingRule {
  /** The rule's condition, as docs/billing.md has it. */
  readonly when: string;
  readonly holds: (facts: CustomerFacts, nowMs: number) => boolean;
  readonly status: BillingStatus;
  readonly waitingFor: WaitingFor | null;
  readonly reason: (facts: CustomerFacts) => string;
  readonly stripeObjectId?: (facts: CustomerFacts) => string | null;
}

/** Stripe has given up on collecting, or collects nothing. */
const STOPPED_SUBSCRIPTION_STATUSES: ReadonlySet<string> = new Set(['unpaid', 'paused']);

/** Whether the subscription is `unpaid` or `paused`: it lives, and gives no access. */
export const isStopped = ({ status }: Pick<SubscriptionFact, 'status'>): boolean =>
  STOPPED_SUBSCRIPTION_STATUSES.has(status);

const statusOfSubscription = (facts: CustomerFacts) => liveSubscription(facts)?.status ?? '';
const hasSubscribedBefore = (facts: CustomerFacts) =>
  facts.savedSubscriptionId !== null || facts.subscriptions.length > 0;

/** What holds when no other rule does. */
const OTHERWISE: StandingRule = {
  when: 'otherwise',
  holds: () => true,
  status: 'active',
  waitingFor: null,
  reason: () => 'Has a payment method, owes nothing, and has a cluster.',
  stripeObjectId: (facts) => liveSubscription(facts)?.id ?? null,
};

/** The first rule that holds decides. */
export const STANDING_RULES: readonly StandingRule[] = [
  {
    when: 'the customer was deleted in Stripe',
    holds: (facts) => facts.customerDeleted,
    status: 'suspended',
    waitingFor: 'subscription',
    reason: () => 'The customer was deleted in Stripe, for good: register the user under another id.',
  },
  {
    when: 'an operator has suspended the customer',
    holds: (facts) => facts.operatorSuspension !== null,
    status: 'suspended',
    waitingFor: 'operator',
    reason: ({ operatorSuspension }) =>
      `Suspended by ${operatorSuspension?.by ?? 'an operator'}: ${operatorSuspension?.reason ?? ''}`,
  },
  {
    when: 'there was a subscription, and it has ended',
    holds: (facts) => liveSubscription(facts) === null && hasSubscribedBefore(facts),
    status: 'suspended',
    waitingFor: 'subscription',
    reason: () => 'The subscription has ended.',
    stripeObjectId: (facts) => lastEndedSubscription(facts)?.id ?? facts.savedSubscriptionId,
  },
  {
    when: 'there never was one',
    holds: (facts) => liveSubscription(facts) === null,
    status: 'none',
    waitingFor: 'checkout',
    reason: () => 'Has not subscribed yet.',
  },
  {
    when: 'the subscription is `unpaid` or `paused`',
    holds: (facts) => isStopped({ status: statusOfSubscription(facts) }),
    status: 'suspended',
    waitingFor: 'payment',
    reason: (facts) => `The subscription is ${statusOfSubscription(facts)} in Stripe.`,
    stripeObjectId: (facts) => liveSubscription(facts)?.id ?? null,
  },
  {
    when: 'there is no payment method',
    holds: (facts) => facts.paymentMethods.length === 0,
    status: 'suspended',
    waitingFor: 'payment_method',
    reason: () => 'There is no payment method.',
  },
  {
    when: 'a bill is unpaid or the subscription is `past_due`, and the grace period is over',
    holds: (facts, nowMs) => (graceEndOf(facts, nowMs) ?? Infinity) <= nowMs,
    status: 'suspended',
    waitingFor: 'payment',
    reason: (facts) => `${whatIsOwed(facts)}, and the grace period has ended.`,
    stripeObjectId: owedObject,
  },
  {
    when: 'a bill is unpaid or the subscription is `past_due`',
    holds: (facts, nowMs) => graceEndOf(facts, nowMs) !== null,
    status: 'past_due',
    waitingFor: 'payment',
    reason: (facts) => `${whatIsOwed(facts)}; access ends with the grace period.`,
    stripeObjectId: owedObject,
  },
  {
    when: 'every cluster is full',
    holds: (facts) => facts.clusterId === null,
    status: 'active',
    waitingFor: 'cluster',
    reason: () => 'Every cluster is full; one is assigned as soon as there is room.',
    stripeObjectId: (facts) => liveSubscription(facts)?.id ?? null,
  },
  OTHERWISE,
];

/** A place on a cluster is given by a signal; this look is for one that was lost, or for a row changed by hand. */
const CLUSTER_RECHECK_MS = 60 * 60_000;

/** The customer's standing at `nowMs` (Unix milliseconds). */
export function standingOf(facts: CustomerFacts, nowMs: number): CustomerStanding {
  const rule = STANDING_RULES.find((each) => each.holds(facts, nowMs)) ?? OTHERWISE;
  const graceEndsAtMs = graceEndOf(facts, nowMs);
  const wantsCluster = hasAccess(rule.status) && facts.clusterId === null;
  return {
    status: rule.status,
    waitingFor: rule.waitingFor,
    reason: rule.reason(facts),
    stripeObjectId: rule.stripeObjectId?.(facts) ?? null,
    graceEndsAtMs,
    nextLookAtMs: nextLook(facts, nowMs, [
      rule.status === 'past_due' ? graceEndsAtMs : null,
      wantsCluster ? nowMs + CLUSTER_RECHECK_MS : null,
    ]),
    wantsCluster,
    attention: attentionOf(facts),
  };
}

/**
 * Whether a standing is that of a customer who was deleted in Stripe, for good. Of all who wait for a subscription they alone have none
 * that it is because of.
 */
export function isOfDeletedCustomer({
  waitingFor,
  stripeObjectId,
}: Pick<CustomerStanding, 'waitingFor' | 'stripeObjectId'>): boolean {
  return waitingFor === 'subscription' && stripeObjectId === null;
}

/** Whether a customer of this status may use their cluster. */
export function hasAccess(status: BillingStatus): boolean {
  return status === 'active' || status === 'past_due';
}

function nextLook(facts: CustomerFacts, nowMs: number, deadlines: readonly (number | null)[]): number | null {
  const retries = facts.paymentMethods.length === 0 ? [] : facts.unpaidBills.map(nextRetryOf);
  const upcoming = [...deadlines, ...retries].filter((at): at is number => at !== null && at > nowMs);
  return upcoming.length === 0 ? null : Math.min(...upcoming);
}

function whatIsOwed({ unpaidBills }: CustomerFacts): string {
  if (unpaidBills.length === 0) return 'The subscription is past due in Stripe';
  if (unpaidBills.some((bill) => bill.needsCustomerAction)) {
    return "A bill waits for the customer to confirm it on Stripe's page";
  }
  return unpaidBills.length > 1 ? 'Bills are unpaid' : 'A bill is unpaid';
}

function owedObject(facts: CustomerFacts): string | null {
  const oldest = facts.unpaidBills.toSorted((a, b) => a.failedAtMs - b.failedAtMs)[0];
  return oldest?.stripeInvoiceId ?? liveSubscription(facts)?.id ?? null;
}

/** Dispute statuses that are over. */
const DECIDED_DISPUTES: ReadonlySet<string> = new Set(['won', 'warning_closed', 'prevented']);

function attentionOf(facts: CustomerFacts): string[] {
  const surplus = liveSubscriptions(facts).slice(1);
  return [
    ...surplus.map(
      ({ id }) => `There is a second live subscription, ${id}, that is not ours: end it in Stripe.`,
    ),
    ...facts.disputes.filter(({ status }) => !DECIDED_DISPUTES.has(status)).map(describeDispute),
    ...facts.parkedBills.map(({ billId, problem }) => `The bill ${billId} has no invoice: ${problem}`),
    ...(facts.creditShortfallCents > 0
      ? [`Credits of ${formatCents(facts.creditShortfallCents)} were refunded after they had been used.`]
      : []),
  ];
}

function describeDispute({ id, status, amountCents, dueByMs }: CustomerFacts['disputes'][number]): string {
  const amount = formatCents(amountCents);
  if (status === 'lost') return `The dispute ${id} over ${amount} is lost.`;
  const deadline =
    dueByMs === null ? '' : ` Evidence is taken until ${new Date(dueByMs).toISOString().slice(0, 10)}.`;
  return `A payment of ${amount} is disputed (${id}, ${status}).${deadline}`;
}
