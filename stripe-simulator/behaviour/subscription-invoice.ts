/** The invoices that a subscription makes. */
import { DAY_SECONDS } from '../clock.ts';
import { newInvoice, withLines } from '../objects/invoice.ts';
import type { Operation } from '../operation.ts';
import type { Customer, Invoice, InvoiceLineItem, Subscription } from '../wire.ts';
import type { Period } from './billing-cycle.ts';
import { putOnInvoice } from './invoice-lines.ts';

/** A draft of a subscription, with its lines and, unless they are left out, the customer's pending invoice items. */
export function newSubscriptionInvoice(
  operation: Operation,
  customer: Customer,
  subscription: Subscription,
  made: {
    reason: NonNullable<Invoice['billing_reason']>;
    lines: readonly InvoiceLineItem[];
    /** The usage period that led to it. */
    period: Period;
    pendingItems: boolean;
  },
): Invoice {
  const { store } = operation;
  const draft = newInvoice(operation, customer, {
    auto_advance: true,
    automatic_tax: {
      disabled_reason: null,
      enabled: subscription.automatic_tax.enabled,
      liability: null,
      provider: null,
      status: null,
    },
    billing_reason: made.reason,
    collection_method: subscription.collection_method,
    currency: subscription.currency,
    due_date:
      subscription.collection_method === 'send_invoice'
        ? operation.now + (subscription.days_until_due ?? 0) * DAY_SECONDS
        : null,
    parent: {
      quote_details: null,
      subscription_details: { metadata: subscription.metadata, subscription: subscription.id },
      type: 'subscription_details',
    },
    period_end: made.period.end,
    period_start: made.period.start,
  });
  const own = made.lines.map((line) => store.invoiceLines.put({ ...line, invoice: draft.id }));
  const invoice = store.invoices.put(withLines(draft, own));
  const pending = made.pendingItems ? pendingItems(operation, subscription) : [];
  return pending.length === 0 ? invoice : putOnInvoice(operation, invoice, pending);
}

/** Those of its customer that name this subscription, or none, in its currency. */
function pendingItems({ store }: Operation, subscription: Subscription) {
  return store.invoiceItems.all('pending', subscription.customer).filter((item) => {
    const named = item.parent?.subscription_details?.subscription ?? null;
    return item.currency === subscription.currency && (named === null || named === subscription.id);
  });
}
