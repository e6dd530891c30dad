/** Work that waited for the clock. */

import { expireSession } from './behaviour/checkout-completion.ts';
import { collectInvoice } from './behaviour/collection.ts';
import { cancelSubscription } from './behaviour/subscription-lifecycle.ts';
import type { Operation } from './operation.ts';
import type { Task } from './store.ts';

/** Does a task that is due. What it waits for may have been overtaken: then it does nothing. */
export function runTask(operation: Operation, task: Task): void {
  switch (task.kind) {
    case 'collect_invoice': {
      const invoice = operation.store.invoices.get(task.objectId);
      if (invoice?.status === 'open' && invoice.auto_advance === true) collectInvoice(operation, invoice);
      return;
    }
    case 'expire_checkout_session': {
      const session = operation.store.checkoutSessions.get(task.objectId);
      if (session?.status === 'open') expireSession(operation, session);
      return;
    }
    case 'cancel_subscription': {
      const subscription = operation.store.subscriptions.get(task.objectId);
      const due = Math.floor(task.dueAtMs / 1_000);
      if (subscription?.cancel_at === due && subscription.status !== 'canceled') {
        cancelSubscription(operation, subscription);
      }
    }
  }
}
