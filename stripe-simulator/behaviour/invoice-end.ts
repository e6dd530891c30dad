/** The ends of an open invoice other than being paid. */

import { invalidRequest } from '../errors.ts';
import { previousAttributes } from '../events.ts';
import type { Operation } from '../operation.ts';
import type { Invoice } from '../wire.ts';
import { moveCustomerBalance } from './customer-balance.ts';
import { updateSubscription } from './subscription-lifecycle.ts';
import { followInvoice, subscriptionOf } from './subscription-status.ts';

/** Voids it; what it took of the customer's balance goes back. @throws 400 unless it is open or uncollectible. */
export function voidInvoice(operation: Operation, invoice: Invoice): Invoice {
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible') {
    throw invalidRequest(
      `You can only pass in open or uncollectible invoices to void. This invoice is ${String(invoice.status)}.`,
      { code: 'invoice_not_editable' },
    );
  }
  cancelPayments(operation, invoice, 'void_invoice');
  const change = invoice.starting_balance - (invoice.ending_balance ?? 0);
  const customer = operation.store.customers.get(invoice.customer ?? '');
  if (change !== 0 && customer !== undefined) {
    moveCustomerBalance(operation, customer, change, {
      type: 'unapplied_from_invoice',
      currency: invoice.currency,
      invoice: invoice.id,
    });
  }
  const voided = end(operation, invoice, 'void', 'voided_at');
  operation.emit('invoice.voided', voided);
  followInvoice(operation, voided);
  return voided;
}

/** Writes it off; it may still be paid or voided. @throws 400 unless it is open. */
export function markUncollectible(operation: Operation, invoice: Invoice): Invoice {
  if (invoice.status !== 'open') {
    throw invalidRequest(
      `You can only mark open invoices as uncollectible. This invoice is ${String(invoice.status)}.`,
      {
        code: 'invoice_not_editable',
      },
    );
  }
  const marked = end(operation, invoice, 'uncollectible', 'marked_uncollectible_at');
  operation.emit('invoice.marked_uncollectible', marked);
  followInvoice(operation, marked);
  return marked;
}

/** An invoice that was sent has not been paid by its due date: its subscription is past due. */
export function becomeOverdue(operation: Operation, invoice: Invoice): void {
  operation.emit('invoice.overdue', invoice);
  const subscription = subscriptionOf(operation, invoice);
  if (subscription?.latest_invoice === invoice.id && subscription.status === 'active')
    updateSubscription(operation, subscription, { ...subscription, status: 'past_due' });
}

function end(
  operation: Operation,
  invoice: Invoice,
  status: 'uncollectible' | 'void',
  moment: 'marked_uncollectible_at' | 'voided_at',
): Invoice {
  const ended = operation.store.invoices.put({
    ...invoice,
    auto_advance: false,
    next_payment_attempt: null,
    status,
    status_transitions: { ...invoice.status_transitions, [moment]: operation.now },
  });
  operation.emit('invoice.updated', ended, previousAttributes(invoice, ended));
  return ended;
}

function cancelPayments(operation: Operation, invoice: Invoice, reason: 'void_invoice'): void {
  const { store, now } = operation;
  for (const payment of store.invoicePayments.all('invoice', invoice.id)) {
    const intent = store.paymentIntents.get(payment.payment.payment_intent ?? '');
    if (payment.status !== 'open' || intent === undefined) continue;
    store.invoicePayments.put({
      ...payment,
      status: 'canceled',
      status_transitions: { ...payment.status_transitions, canceled_at: now },
    });
    const canceled = store.paymentIntents.put({
      ...intent,
      canceled_at: now,
      cancellation_reason: reason,
      status: 'canceled',
    });
    operation.emit('payment_intent.canceled', canceled);
  }
}
