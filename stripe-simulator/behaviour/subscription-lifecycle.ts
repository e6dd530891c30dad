import { previousAttributes } from '../events.ts';
import type { Operation } from '../operation.ts';
import type { Subscription } from '../wire.ts';

/** Ends a subscription now. Invoices that are open stay open. */
export function cancelSubscription(
  operation: Operation,
  subscription: Subscription,
  reason: 'cancellation_requested' | 'payment_failed' = 'cancellation_requested',
): Subscription {
  const { now, store } = operation;
  for (const task of store.tasks.all('object', subscription.id)) store.tasks.remove(task.id);
  const canceled = store.subscriptions.put({
    ...subscription,
    cancel_at_period_end: false,
    canceled_at: subscription.canceled_at ?? now,
    cancellation_details: {
      comment: null,
      feedback: null,
      feedback_option: null,
      ...subscription.cancellation_details,
      reason,
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

/** When the last of the items' current periods ends, in unix seconds. */
export function currentPeriodEnd(subscription: Subscription): number {
  return Math.max(...subscription.items.data.map((item) => item.current_period_end));
}
