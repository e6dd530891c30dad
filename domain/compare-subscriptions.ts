import type { ComparedUser, ComparedUsers } from './compared-user.ts';
import { hasEnded, type SubscriptionFact } from './customer-facts.ts';
import { isStopped } from './customer-standing.ts';
import { type Drift, isUnderWay, proposed, repaired } from './reconciliation-findings.ts';

/** A subscription in Stripe, with whose it is. */
export interface ComparedSubscription extends SubscriptionFact {
  readonly stripeCustomerId: string;
  /** When it was made, canceled or ended, whichever was last. Unix seconds. */
  readonly changedAt: number;
}

/** Stripe's subscriptions against the ones that users have, and against where these users stand. */
export function compareSubscriptions(
  subscriptions: readonly ComparedSubscription[],
  users: ComparedUsers,
  stripeNow: number,
): Drift[] {
  return subscriptions.flatMap((subscription) => {
    const user = users.get(subscription.stripeCustomerId);
    if (user === undefined || isUnderWay(subscription.changedAt, stripeNow)) return [];
    return user.subscriptionId === subscription.id
      ? compareKnown(subscription, user)
      : compareUnknown(subscription, user);
  });
}

function compareKnown(subscription: ComparedSubscription, user: ComparedUser): Drift[] {
  if (isAsSaid(subscription, user)) return [];
  const { id: objectId, status } = subscription;
  const { userId, stripeCustomerId } = user;
  const what = `The subscription ${objectId} is ${status} in Stripe, and the user is ${user.status} here.`;
  const about = { code: 'subscription_changed', userId, objectId, what } as const;
  return [repaired(about, { type: 'look', stripeCustomerId })];
}

/** Whether the user stands as one with such a subscription can. */
function isAsSaid(
  subscription: ComparedSubscription,
  { status, waitingFor, statusObjectId }: ComparedUser,
): boolean {
  // Whoever an operator has suspended is looked at when that is lifted.
  if (waitingFor === 'operator') return true;
  if (hasEnded(subscription)) return waitingFor === 'subscription';
  if (isStopped(subscription)) return status === 'suspended';
  if (subscription.status === 'past_due') return status !== 'active';
  // Nothing but this subscription keeps them out, and it does not any more.
  return waitingFor !== 'subscription' && !(waitingFor === 'payment' && statusObjectId === subscription.id);
}

/** Another one than the user's. Those that have ended are of the past. */
function compareUnknown(subscription: ComparedSubscription, user: ComparedUser): Drift[] {
  if (hasEnded(subscription)) return [];
  const { id: objectId, isOurs, status } = subscription;
  const { userId, stripeCustomerId, subscriptionId } = user;
  const what = `The subscription ${objectId} is ${status} in Stripe; the user's is ${subscriptionId ?? 'none'}.`;
  const look = { type: 'look', stripeCustomerId } as const;
  const hasLiveOne = subscriptionId !== null && user.waitingFor !== 'subscription';
  if (isOurs || !hasLiveOne) return [repaired({ code: 'subscription_missed', userId, objectId, what }, look)];
  const proposal = `End ${objectId} in Stripe, unless it is of another product of yours.`;
  return [proposed({ code: 'second_subscription', userId, objectId, what }, proposal)];
}
