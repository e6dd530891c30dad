import { previousAttributes } from '../events.ts';
import type { Operation } from '../operation.ts';
import type { Subscription } from '../wire.ts';

/** Ends a subscription now. Invoices that are open stay open. */
export function cancelSubscription(operation: Operation, subscription: Subscription): Subscription {
  const { now, store } = operation;
  const canceled = store.subscriptions.put({
    ...subscription,
    cancel_at_period_end: false,
    canceled_at: subscription.canceled_at ?? now,
    cancellation_details: {
      comment: null,
      feedback: null,
      feedback_option: null,
      ...subscription.cancellation_details,
      reason: 'cancellation_requested',
    },
    ended_at: now,
    status: 'canceled',
  });
  operation.emit('customer.subscription.deleted', canceled);
  return canceled;
}

/** Stores a changed subscription and says what changed; nothing is said when nothing did. */
export function updateSubscription(
  operation: Operation,
  before: Subscription,
  after: Subscription,
): Subscription {
  const previous = previousAttributes(before, after);
  if (Object.keys(previous).length === 0) return before;
  const updated = operation.store.subscriptions.put(after);
  operation.emit('customer.subscription.updated', updated, previous);
  return updated;
}

/** When the current period of the subscription's first item ends, in unix seconds. */
export function currentPeriodEnd(subscription: Subscription): number {
  return subscription.items.data[0]?.current_period_end ?? subscription.billing_cycle_anchor;
}
