/** What attempts to have an open invoice paid leave behind, whoever makes them. */
import { DAY_SECONDS } from '../clock.ts';
import { previousAttributes } from '../events.ts';
import { newInvoicePayment } from '../objects/invoice.ts';
import { newPaymentIntent } from '../objects/payment.ts';
import type { Operation } from '../operation.ts';
import type { Store } from '../store.ts';
import type { Invoice, InvoicePayment, PaymentIntent } from '../wire.ts';
import { markPaid } from './finalization.ts';
import { dun, followInvoice } from './subscription-status.ts';
import type { Decline } from './test-cards.ts';
import { isHardDecline } from './test-cards.ts';

/** Days after a failed attempt until the next: three retries, then the invoice stays open. */
const RETRY_AFTER_DAYS = [3, 5, 7];

/** Stripe by its retry schedule, or somebody on the page or with `POST /v1/invoices/:id/pay`. */
export type AttemptBy = 'hand' | 'schedule';

/** The payment intent that an open invoice is charged through, and the invoice payment that binds the two. */
export interface OpenPayment {
  intent: PaymentIntent;
  payment: InvoicePayment;
}

/**
 * The first attempt counts, whoever makes it; after it only those of the schedule do, which the others don't touch.
 * https://docs.stripe.com/api/invoices/object#invoice_object-attempt_count
 */
function counts(invoice: Invoice, by: AttemptBy): boolean {
  return by === 'schedule' || invoice.attempt_count === 0;
}

/** The payment that earlier attempts at the invoice have left open. */
export function openPayment(store: Store, invoice: Invoice): OpenPayment | undefined {
  for (const payment of store.invoicePayments.all('invoice', invoice.id)) {
    const intent = store.paymentIntents.get(payment.payment.payment_intent ?? '');
    if (payment.status === 'open' && intent !== undefined) return { intent, payment };
  }
  return undefined;
}

/** One payment intent serves all attempts at an invoice. */
export function paymentOf(operation: Operation, invoice: Invoice): OpenPayment {
  const { store, now } = operation;
  const open = openPayment(store, invoice);
  if (open !== undefined) return open;
  const intent = store.paymentIntents.put(
    newPaymentIntent(operation, {
      amount: invoice.amount_remaining,
      currency: invoice.currency,
      customer: invoice.customer,
      description: invoice.description ?? `Payment for invoice ${invoice.number ?? invoice.id}`,
    }),
  );
  operation.emit('payment_intent.created', intent);
  return { intent, payment: store.invoicePayments.put(newInvoicePayment(invoice, intent.id, now)) };
}

/** The charge has succeeded. */
export function recordPayment(
  operation: Operation,
  invoice: Invoice,
  by: AttemptBy,
  { intent, payment }: OpenPayment,
): Invoice {
  const paid = operation.store.invoicePayments.put({
    ...payment,
    amount_paid: intent.amount,
    status: 'paid',
    status_transitions: { ...payment.status_transitions, paid_at: operation.now },
  });
  operation.emit('invoice_payment.paid', paid);
  const attempt_count = invoice.attempt_count + (counts(invoice, by) ? 1 : 0);
  return markPaid(operation, { ...invoice, attempt_count }, intent.amount);
}

/** `decline`: what the bank has said, if one was asked. Only then Stripe tries again by itself. */
export function recordFailure(
  operation: Operation,
  invoice: Invoice,
  by: AttemptBy,
  decline?: Decline,
): Invoice {
  if (!counts(invoice, by)) {
    operation.emit('invoice.payment_failed', invoice);
    return invoice;
  }
  const { store, now } = operation;
  const automatic = invoice.collection_method === 'charge_automatically';
  const mayBeRetried = decline !== undefined && !isHardDecline(decline);
  const days = mayBeRetried ? RETRY_AFTER_DAYS[invoice.attempt_count] : undefined;
  const retrySeconds =
    days === undefined || !automatic || invoice.auto_advance !== true ? null : days * DAY_SECONDS;
  const failed = store.invoices.put({
    ...invoice,
    attempt_count: invoice.attempt_count + 1,
    attempted: true,
    next_payment_attempt: retrySeconds === null ? null : now + retrySeconds,
  });
  if (retrySeconds !== null) operation.schedule('collect_invoice', invoice.id, retrySeconds * 1_000);
  operation.emit('invoice.updated', failed, previousAttributes(invoice, failed));
  operation.emit('invoice.payment_failed', failed);
  followInvoice(operation, failed);
  if (automatic) dun(operation, failed, retrySeconds !== null, mayBeRetried && days === undefined);
  return failed;
}
