/**
 * The rules of access: what a customer's billing state is, and what must be done next, as pure functions of facts.
 *
 * Facts are what Stripe and the database say *now*; an event only tells that it is time to look. So neither the order of
 * deliveries nor their number can matter: the same facts give the same decisions.
 */

export const BILLING_STATUSES = ['none', 'active', 'past_due', 'suspended'] as const;
/** `none`: never subscribed. `past_due`: owes, has access until the grace period ends. `suspended`: no access. */
export type BillingStatus = (typeof BILLING_STATUSES)[number];

/** What the customer's billing stands still for, if anything. */
export type WaitingFor = 'checkout' | 'payment_method' | 'payment' | 'cluster' | 'subscription' | 'operator';

export interface PaymentMethodFact {
  readonly id: string;
  /** Unix seconds. */
  readonly created: number;
}

export interface SubscriptionFact {
  readonly id: string;
  /** Stripe's subscription status, such as `active`, `past_due`, `canceled`. */
  readonly status: string;
  /** Unix seconds. */
  readonly created: number;
}

/** A completed Checkout session in mode `setup` whose subscription has not been seen to yet. */
export interface CompletedSetupFact {
  readonly checkoutSessionId: string;
  readonly paymentMethodId: string;
}

/** A bill whose invoice Stripe could not collect. */
export interface UnpaidBillFact {
  readonly billId: string;
  readonly stripeInvoiceId: string;
  /** When the failure was first seen, Unix milliseconds. */
  readonly failedAtMs: number;
}

export interface CustomerFacts {
  readonly customerDeleted: boolean;
  readonly defaultPaymentMethodId: string | null;
  /** Attached to the customer now. */
  readonly paymentMethods: readonly PaymentMethodFact[];
  /** Payment methods that this step's events offer as the default: just attached, or set up in Checkout. */
  readonly offeredPaymentMethodIds: readonly string[];
  readonly subscriptions: readonly SubscriptionFact[];
  /** Oldest first. */
  readonly completedSetups: readonly CompletedSetupFact[];
  readonly unpaidBills: readonly UnpaidBillFact[];
  /** The subscription that the database holds. */
  readonly savedSubscriptionId: string | null;
  readonly clusterId: string | null;
  /** End of the grace period, Unix milliseconds, when one has been granted already. */
  readonly graceEndsAtMs: number | null;
  readonly graceMs: number;
}

/** One thing to do; each is an activity. They are done in this order until none is left. */
export type CustomerCommand =
  | { readonly type: 'setDefaultPaymentMethod'; readonly paymentMethodId: string }
  | { readonly type: 'createSubscription'; readonly checkoutSessionId: string }
  | {
      readonly type: 'saveSubscription';
      readonly subscriptionId: string;
      readonly checkoutSessionIds: readonly string[];
    }
  | { readonly type: 'collectInvoices'; readonly stripeInvoiceIds: readonly string[] }
  | { readonly type: 'assignCluster' }
  | { readonly type: 'releaseCluster' };

/** Where a customer stands; saved with the user and shown to operators. */
export interface CustomerStanding {
  readonly status: BillingStatus;
  readonly waitingFor: WaitingFor | null;
  /** Why, in a sentence for a person. */
  readonly reason: string;
  readonly graceEndsAtMs: number | null;
}

const ENDED_SUBSCRIPTION_STATUSES: ReadonlySet<string> = new Set(['canceled', 'incomplete_expired']);
/** Stripe has given up on collecting, or collects nothing. */
const STOPPED_SUBSCRIPTION_STATUSES: ReadonlySet<string> = new Set(['unpaid', 'paused']);

/** The one subscription that counts: the oldest that has not ended. */
export function liveSubscription(facts: CustomerFacts): SubscriptionFact | null {
  const live = facts.subscriptions.filter(
    (subscription) => !ENDED_SUBSCRIPTION_STATUSES.has(subscription.status),
  );
  return live.toSorted((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1))[0] ?? null;
}

/**
 * What must be done next, or `null` when everything is as it should be.
 *
 * @param done commands of this step that were tried already and cannot be known from facts alone: a card is tried once
 *   per step, and a full set of clusters is asked once.
 */
export function nextCommand(
  facts: CustomerFacts,
  done: ReadonlySet<CustomerCommand['type']>,
): CustomerCommand | null {
  const subscription = liveSubscription(facts);
  if (facts.customerDeleted) return facts.clusterId === null ? null : { type: 'releaseCluster' };

  const paymentMethodId = preferredPaymentMethod(facts);
  if (paymentMethodId !== null && paymentMethodId !== facts.defaultPaymentMethodId) {
    return { type: 'setDefaultPaymentMethod', paymentMethodId };
  }

  const setup = facts.completedSetups[0];
  if (setup !== undefined && subscription === null) {
    return { type: 'createSubscription', checkoutSessionId: setup.checkoutSessionId };
  }
  if (subscription !== null && (setup !== undefined || facts.savedSubscriptionId !== subscription.id)) {
    const checkoutSessionIds = facts.completedSetups.map((completed) => completed.checkoutSessionId);
    return { type: 'saveSubscription', subscriptionId: subscription.id, checkoutSessionIds };
  }

  if (
    facts.unpaidBills.length > 0 &&
    facts.offeredPaymentMethodIds.length > 0 &&
    !done.has('collectInvoices')
  ) {
    return {
      type: 'collectInvoices',
      stripeInvoiceIds: facts.unpaidBills.map((bill) => bill.stripeInvoiceId),
    };
  }
  if (subscription !== null && facts.clusterId === null && !done.has('assignCluster'))
    return { type: 'assignCluster' };
  // A suspended customer keeps the place; only the end of the subscription gives it back.
  if (subscription === null && facts.clusterId !== null) return { type: 'releaseCluster' };
  return null;
}

/**
 * The newest of the offered payment methods becomes the default unless the present default is newer still; with no default
 * at all, the newest attached one does. Newest, not last delivered: deliveries come in any order.
 */
function preferredPaymentMethod(facts: CustomerFacts): string | null {
  const attached = new Map(facts.paymentMethods.map((method) => [method.id, method]));
  const current =
    facts.defaultPaymentMethodId === null ? undefined : attached.get(facts.defaultPaymentMethodId);
  const offered = facts.offeredPaymentMethodIds.flatMap((id) => attached.get(id) ?? []);
  const candidates = current === undefined ? facts.paymentMethods : [current, ...offered];
  return candidates.toSorted((a, b) => b.created - a.created || (a.id < b.id ? 1 : -1))[0]?.id ?? null;
}

/** What performing a command tells: the facts as they are after it. */
export interface CommandResult {
  readonly subscription?: SubscriptionFact;
  readonly unpaidBills?: readonly UnpaidBillFact[];
  readonly clusterId?: string | null;
}

/** The facts after `command` was performed with `result`, so that the next decision needs no second look. */
export function factsAfter(
  facts: CustomerFacts,
  command: CustomerCommand,
  result: CommandResult,
): CustomerFacts {
  switch (command.type) {
    case 'setDefaultPaymentMethod':
      return { ...facts, defaultPaymentMethodId: command.paymentMethodId };
    case 'createSubscription':
      return {
        ...facts,
        subscriptions: [...facts.subscriptions, ...(result.subscription ? [result.subscription] : [])],
      };
    case 'saveSubscription':
      return { ...facts, savedSubscriptionId: command.subscriptionId, completedSetups: [] };
    case 'collectInvoices':
      return { ...facts, unpaidBills: result.unpaidBills ?? facts.unpaidBills };
    case 'assignCluster':
      return { ...facts, clusterId: result.clusterId ?? null };
    case 'releaseCluster':
      return { ...facts, clusterId: null };
  }
}

/** The customer's standing at `nowMs` (Unix milliseconds), once {@link nextCommand} has nothing more to do. */
export function standingOf(facts: CustomerFacts, nowMs: number): CustomerStanding {
  const subscription = liveSubscription(facts);
  const graceEndsAtMs = graceEnd(facts, nowMs);
  const suspended = (waitingFor: WaitingFor, reason: string): CustomerStanding => {
    return { status: 'suspended', waitingFor, reason, graceEndsAtMs };
  };

  if (facts.customerDeleted) return suspended('subscription', 'The customer was deleted in Stripe.');
  if (subscription === null) {
    const everSubscribed = facts.savedSubscriptionId !== null || facts.subscriptions.length > 0;
    if (everSubscribed) return suspended('subscription', 'The subscription has ended.');
    return { status: 'none', waitingFor: 'checkout', reason: 'Has not subscribed yet.', graceEndsAtMs };
  }
  if (STOPPED_SUBSCRIPTION_STATUSES.has(subscription.status)) {
    return suspended('payment', `The subscription is ${subscription.status} in Stripe.`);
  }
  if (facts.paymentMethods.length === 0) return suspended('payment_method', 'There is no payment method.');
  if (graceEndsAtMs !== null) {
    const owes = facts.unpaidBills.length > 1 ? 'Bills are unpaid' : 'A bill is unpaid';
    if (nowMs >= graceEndsAtMs) return suspended('payment', `${owes} and the grace period has ended.`);
    return {
      status: 'past_due',
      waitingFor: 'payment',
      reason: `${owes}; access ends with the grace period.`,
      graceEndsAtMs,
    };
  }
  if (facts.clusterId === null) {
    const reason = 'Every cluster is full; one is assigned as soon as there is room.';
    return { status: 'active', waitingFor: 'cluster', reason, graceEndsAtMs };
  }
  return {
    status: 'active',
    waitingFor: null,
    reason: 'Has a payment method, owes nothing, and has a cluster.',
    graceEndsAtMs,
  };
}

/** When access ends for what is owed, or `null` when nothing is. Once granted, a grace period keeps its end. */
function graceEnd(facts: CustomerFacts, nowMs: number): number | null {
  const owes = facts.unpaidBills.length > 0 || liveSubscription(facts)?.status === 'past_due';
  if (!owes) return null;
  const since = Math.min(nowMs, ...facts.unpaidBills.map((bill) => bill.failedAtMs));
  return facts.graceEndsAtMs ?? since + facts.graceMs;
}
