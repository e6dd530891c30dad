/** What must be done for a customer next, as a pure function of facts. */
import {
  type CustomerFacts,
  lastEndedSubscription,
  liveSubscriptions,
  type SubscriptionFact,
  type UnpaidBillFact,
} from './customer-facts.ts';
import { standingOf } from './customer-standing.ts';
import { billsToRetry } from './dunning.ts';

/** One thing to do; each is an activity. They are done in this order until none is left. */
export type CustomerCommand =
  | { readonly type: 'setDefaultPaymentMethod'; readonly paymentMethodId: string }
  | { readonly type: 'createSubscription'; readonly checkoutSessionId: string }
  | {
      readonly type: 'saveSubscription';
      readonly subscriptionId: string;
      readonly checkoutSessionIds: readonly string[];
    }
  | { readonly type: 'cancelSubscription'; readonly subscriptionId: string }
  | {
      readonly type: 'collectInvoices';
      readonly stripeInvoiceIds: readonly string[];
      /** What to charge, one after the other until one pays; none: the customer's default. */
      readonly paymentMethodIds: readonly string[];
    }
  | { readonly type: 'assignCluster' }
  | { readonly type: 'releaseCluster' };

/**
 * What must be done next, or `null` when everything is as it should be.
 *
 * @param done commands of this step that were tried already and cannot be known from facts alone: a card is tried once
 *   per step, and a full set of clusters is asked once.
 */
export function nextCommand(
  facts: CustomerFacts,
  done: ReadonlySet<CustomerCommand['type']>,
  nowMs: number,
): CustomerCommand | null {
  const release = releaseCluster(facts);
  if (facts.customerDeleted) return release;
  return (
    choosePaymentMethod(facts) ??
    release ??
    seeToSubscription(facts) ??
    (done.has('collectInvoices') ? null : collect(facts, nowMs)) ??
    (done.has('assignCluster') ? null : assignCluster(facts, nowMs))
  );
}

/**
 * The newest of the new payment methods becomes the default unless the present default is newer still; with no default at
 * all, the newest attached one does.
 */
function choosePaymentMethod(facts: CustomerFacts): CustomerCommand | null {
  const { paymentMethods, defaultPaymentMethodId: current } = facts;
  const hasDefault = paymentMethods.some(({ id }) => id === current);
  const candidates = new Set([...facts.newPaymentMethodIds, current]);
  const newest = paymentMethods.find(({ id }) => !hasDefault || candidates.has(id));
  if (newest === undefined || newest.id === current) return null;
  return { type: 'setDefaultPaymentMethod', paymentMethodId: newest.id };
}

/** THE ONLY place that decides on a subscription: after a completed setup, and only while none is live. */
function seeToSubscription(facts: CustomerFacts): CustomerCommand | null {
  const [subscription, ...surplus] = liveSubscriptions(facts);
  const setups = facts.completedSetups;
  const checkoutSessionIds = setups.map(({ checkoutSessionId }) => checkoutSessionId);
  if (subscription === undefined) {
    // A setup from before the last subscription's end belongs to that one, however late its event arrives.
    const ended = lastEndedSubscription(facts);
    const setup = setups.find(({ completedAt }) => completedAt >= (ended?.endedAt ?? -Infinity));
    if (setup !== undefined) {
      return { type: 'createSubscription', checkoutSessionId: setup.checkoutSessionId };
    }
    if (ended === null || setups.length === 0) return null;
    return { type: 'saveSubscription', subscriptionId: ended.id, checkoutSessionIds };
  }
  if (setups.length > 0 || facts.savedSubscriptionId !== subscription.id) {
    return { type: 'saveSubscription', subscriptionId: subscription.id, checkoutSessionIds };
  }
  const double = surplus.find(({ isOurs }) => isOurs);
  return double === undefined ? null : { type: 'cancelSubscription', subscriptionId: double.id };
}

/**
 * New payment methods pay all that is open, in turn until one does. Without a new one, the default pays what failed with
 * another, which a charge that was under way when the default changed may have done; and what Stripe has given up on is tried
 * again from time to time.
 */
function collect(facts: CustomerFacts, nowMs: number): CustomerCommand | null {
  const { paymentMethods, defaultPaymentMethodId } = facts;
  const isNew = new Set(facts.newPaymentMethodIds);
  const paymentMethodIds = paymentMethods.map(({ id }) => id).filter((id) => isNew.has(id));
  const failedWithAnother = ({ failedPaymentMethodId: failed }: UnpaidBillFact) =>
    failed != null && failed !== defaultPaymentMethodId;
  const bills =
    paymentMethodIds.length > 0
      ? facts.unpaidBills
      : [...facts.unpaidBills.filter(failedWithAnother), ...billsToRetry(facts, nowMs)];
  const collectible = bills.filter((bill) => bill.isCollectible).map((bill) => bill.stripeInvoiceId);
  if (paymentMethods.length === 0 || collectible.length === 0) return null;
  return { type: 'collectInvoices', stripeInvoiceIds: [...new Set(collectible)], paymentMethodIds };
}

/**
 * Suspension releases nothing; only the end of the subscription gives the place back. The next subscription begins without
 * one, whether its Checkout was told before or after that end.
 */
function releaseCluster(facts: CustomerFacts): CustomerCommand | null {
  if (facts.clusterId === null) return null;
  const lives = liveSubscriptions(facts).some(({ id }) => id === facts.savedSubscriptionId);
  return lives && !facts.customerDeleted ? null : { type: 'releaseCluster' };
}

function assignCluster(facts: CustomerFacts, nowMs: number): CustomerCommand | null {
  return standingOf(facts, nowMs).wantsCluster ? { type: 'assignCluster' } : null;
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
    case 'cancelSubscription': {
      const changed = result.subscription;
      if (changed === undefined) return facts;
      const others = facts.subscriptions.filter(({ id }) => id !== changed.id);
      return { ...facts, subscriptions: [...others, changed] };
    }
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
