/** Having an open invoice paid. */
import { DAY_SECONDS } from '../clock.ts';
import type { StripeApiError } from '../errors.ts';
import { cardError } from '../errors.ts';
import { previousAttributes } from '../events.ts';
import { newInvoicePayment } from '../objects/invoice.ts';
import { newPaymentIntent } from '../objects/payment.ts';
import type { Operation } from '../operation.ts';
import type { Invoice, InvoicePayment, PaymentIntent, PaymentMethod } from '../wire.ts';
import { markPaid } from './finalization.ts';
import { findPaymentMethod } from './find.ts';
import { confirmPaymentIntent } from './payments.ts';
import { dun, followInvoice } from './subscription-status.ts';
import { isHardDecline } from './test-cards.ts';

/** Days after a failed attempt until the next: three retries, then the invoice stays open. */
const RETRY_AFTER_DAYS = [3, 5, 7];

export interface Collection {
  invoice: Invoice;
  /** Why it was not paid, as `POST /v1/invoices/:id/pay` tells it. */
  error?: StripeApiError;
}

/** The method that pays an invoice: its own, its subscription's, or the customer's default. */
function paymentMethodFor(operation: Operation, invoice: Invoice): PaymentMethod | undefined {
  const subscription = operation.store.subscriptions.get(
    invoice.parent?.subscription_details?.subscription ?? '',
  );
  // A customer who was deleted meanwhile has nothing that could be charged.
  const customer = operation.store.customers.get(invoice.customer ?? '');
  const id =
    invoice.default_payment_method ??
    subscription?.default_payment_method ??
    customer?.invoice_settings.default_payment_method;
  return id == null ? undefined : findPaymentMethod(operation, id);
}

/** One attempt to charge an open invoice. A failure is not thrown: it is recorded, told by events, and returned. */
export function collectInvoice(operation: Operation, invoice: Invoice, chosen?: PaymentMethod): Collection {
  const method = chosen ?? paymentMethodFor(operation, invoice);
  if (method === undefined) {
    const failed = recordFailure(operation, invoice, null);
    return {
      invoice: failed,
      error: cardError('Cannot charge a customer that has no default payment method.', { code: 'missing' }),
    };
  }
  const { intent, payment } = intentOf(operation, invoice);
  const result = confirmPaymentIntent(operation, intent, method);
  switch (result.outcome) {
    case 'succeeded': {
      settlePayment(operation, payment, result.intent.amount);
      const attempted = { ...invoice, attempt_count: invoice.attempt_count + 1 };
      return { invoice: markPaid(operation, attempted, result.intent.amount) };
    }
    case 'requires_action': {
      const failed = recordFailure(operation, invoice, null);
      operation.emit('invoice.payment_action_required', failed);
      return {
        invoice: failed,
        error: cardError(
          'Payment for this invoice requires additional user action before it can be completed successfully.',
          {
            code: 'invoice_payment_intent_requires_action',
            payment_intent: result.intent,
          },
        ),
      };
    }
    case 'declined': {
      const { message, ...details } = result.decline;
      const hard = isHardDecline(result.decline);
      const retryAfterDays = hard ? undefined : RETRY_AFTER_DAYS[invoice.attempt_count];
      const failed = recordFailure(operation, invoice, retryAfterDays ?? null, !hard);
      return {
        invoice: failed,
        error: cardError(message, {
          ...details,
          charge: result.charge.id,
          payment_intent: result.intent,
          payment_method: method,
        }),
      };
    }
  }
}

/** One payment intent serves all attempts at an invoice. */
function intentOf(
  operation: Operation,
  invoice: Invoice,
): { intent: PaymentIntent; payment: InvoicePayment } {
  const { store, now } = operation;
  for (const payment of store.invoicePayments.all('invoice', invoice.id)) {
    const intent = store.paymentIntents.get(payment.payment.payment_intent ?? '');
    if (payment.status === 'open' && intent !== undefined) return { intent, payment };
  }
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

function settlePayment(operation: Operation, payment: InvoicePayment, amountPaid: number): void {
  const paid = operation.store.invoicePayments.put({
    ...payment,
    amount_paid: amountPaid,
    status: 'paid',
    status_transitions: { ...payment.status_transitions, paid_at: operation.now },
  });
  operation.emit('invoice_payment.paid', paid);
}

/** `retryAfterDays` null: Stripe won't try again by itself, because it was the `last` retry or would be in vain. */
function recordFailure(
  operation: Operation,
  invoice: Invoice,
  retryAfterDays: number | null,
  last = false,
): Invoice {
  const { store, now } = operation;
  const retrySeconds =
    retryAfterDays === null || invoice.auto_advance !== true ? null : retryAfterDays * DAY_SECONDS;
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
  dun(operation, failed, retrySeconds !== null, last);
  return failed;
}
