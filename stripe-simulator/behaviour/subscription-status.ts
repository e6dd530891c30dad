import { previousAttributes } from '../events.ts';
import type { Operation } from '../operation.ts';
import type { Invoice, Subscription } from '../wire.ts';

/** A subscription's status follows what becomes of its latest invoice. */
export function followInvoice(operation: Operation, invoice: Invoice): void {
  const { store } = operation;
  const subscription = store.subscriptions.get(invoice.parent?.subscription_details?.subscription ?? '');
  if (subscription?.latest_invoice !== invoice.id) return;
  const status = statusAfter(subscription.status, invoice);
  if (status === subscription.status) return;
  const updated = store.subscriptions.put({ ...subscription, status });
  operation.emit('customer.subscription.updated', updated, previousAttributes(subscription, updated));
}

function statusAfter(status: Subscription['status'], invoice: Invoice): Subscription['status'] {
  if (status === 'canceled') return status;
  if (invoice.status === 'paid') return 'active';
  if (invoice.status === 'open' && invoice.attempt_count > 0 && status === 'active') return 'past_due';
  return status;
}
