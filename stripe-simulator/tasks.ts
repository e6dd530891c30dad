/** Work that waited for the clock. */

import { finalizeAutomatically } from './behaviour/automatic-finalization.ts';
import { expireSession } from './behaviour/checkout-completion.ts';
import { decideDispute, disputeCharge } from './behaviour/disputes.ts';
import { collectInvoice } from './behaviour/invoice-collection.ts';
import { becomeOverdue, voidInvoice } from './behaviour/invoice-end.ts';
import { settleRefund } from './behaviour/refunds.ts';
import { endSubscription, renewSubscription } from './behaviour/subscription-cycle.ts';
import { updateSubscription } from './behaviour/subscription-lifecycle.ts';
import { endDunning } from './behaviour/subscription-status.ts';
import type { Operation } from './operation.ts';
import type { Store, Task } from './store.ts';
import type { Dispute, Subscription, TestClock } from './wire.ts';

const DECIDED = new Set<Dispute['status']>(['lost', 'warning_closed', 'won']);

/** Does a task that is due. What it waits for may have been overtaken: then it does nothing. */
export function runTask(operation: Operation, task: Task): void {
  const { store } = operation;
  const { objectId: id } = task;
  switch (task.kind) {
    case 'collect_invoice': {
      const invoice = store.invoices.get(id);
      // Nothing is planned any more where an attempt in between has left no retry.
      const planned = invoice?.auto_advance === true && invoice.next_payment_attempt !== null;
      if (invoice?.status === 'open' && planned) collectInvoice(operation, invoice, 'schedule');
      return;
    }
    case 'finalize_invoice': {
      const invoice = store.invoices.get(id);
      if (invoice?.status === 'draft' && invoice.auto_advance === true)
        finalizeAutomatically(operation, invoice);
      return;
    }
    case 'invoice_overdue': {
      const invoice = store.invoices.get(id);
      if (invoice?.status === 'open') becomeOverdue(operation, invoice);
      return;
    }
    case 'end_dunning': {
      const invoice = store.invoices.get(id);
      if (invoice !== undefined) endDunning(operation, invoice);
      return;
    }
    case 'expire_checkout_session': {
      const session = store.checkoutSessions.get(id);
      if (session?.status === 'open') expireSession(operation, session);
      return;
    }
    case 'renew_subscription': {
      const subscription = living(store, id);
      if (subscription !== undefined) renewSubscription(operation, subscription);
      return;
    }
    case 'cancel_subscription': {
      const subscription = living(store, id);
      if (subscription?.cancel_at === momentOf(task)) endSubscription(operation, subscription);
      return;
    }
    case 'expire_incomplete_subscription': {
      const subscription = store.subscriptions.get(id);
      const invoice = store.invoices.get(subscription?.latest_invoice ?? '');
      if (subscription?.status === 'incomplete' && invoice?.status === 'open')
        voidInvoice(operation, invoice);
      return;
    }
    case 'resume_collection': {
      const subscription = living(store, id);
      if (subscription?.pause_collection?.resumes_at === momentOf(task))
        updateSubscription(operation, subscription, { ...subscription, pause_collection: null });
      return;
    }
    case 'dispute_charge': {
      const charge = store.charges.get(id);
      if (charge !== undefined) disputeCharge(operation, charge);
      return;
    }
    case 'decide_dispute': {
      const dispute = store.disputes.get(id);
      if (dispute !== undefined && !DECIDED.has(dispute.status)) decideDispute(operation, dispute);
      return;
    }
    case 'settle_refund': {
      const refund = store.refunds.get(id);
      if (refund !== undefined) settleRefund(operation, refund);
      return;
    }
    case 'advance_test_clock': {
      const clock = store.testClocks.get(id);
      if (clock?.status_details.advancing !== undefined)
        stepTestClock(operation, clock, clock.status_details.advancing.target_frozen_time);
    }
  }
}

/** Does what is due next by an advancing clock, and comes again for the rest; then the clock is ready. */
function stepTestClock(operation: Operation, clock: TestClock, target: number): void {
  const { store } = operation;
  const [next] = store.tasks
    .all('test_clock', clock.id)
    .filter(({ dueAtMs }) => dueAtMs <= target * 1_000)
    .toSorted((a, b) => a.dueAtMs - b.dueAtMs);
  if (next === undefined) {
    const ready = store.testClocks.put({
      ...clock,
      frozen_time: target,
      status: 'ready',
      status_details: {},
    });
    operation.emit('test_helpers.test_clock.ready', ready);
    return;
  }
  store.tasks.remove(next.id);
  const moment = Math.max(clock.frozen_time * 1_000, next.dueAtMs);
  store.testClocks.put({ ...clock, frozen_time: Math.floor(moment / 1_000) });
  runTask(operation.atClock(clock.id, moment), next);
  operation.schedule('advance_test_clock', clock.id, 0);
}

/** When it was to be done, in unix seconds: what is to end at another moment by now is not meant. */
function momentOf({ dueAtMs }: Task): number {
  return Math.floor(dueAtMs / 1_000);
}

function living(store: Store, id: string): Subscription | undefined {
  const subscription = store.subscriptions.get(id);
  return subscription?.status === 'canceled' || subscription?.status === 'incomplete_expired'
    ? undefined
    : subscription;
}
