/** Having an open invoice paid without its owner there. */
import type { StripeApiError } from '../errors.ts';
import { cardError } from '../errors.ts';
import type { Operation } from '../operation.ts';
import type { Invoice, PaymentMethod } from '../wire.ts';
import { findPaymentMethod } from './find.ts';
import type { AttemptBy } from './invoice-attempts.ts';
import { paymentOf, recordFailure, recordPayment } from './invoice-attempts.ts';
import { confirmPaymentIntent } from './payments.ts';

/** What one attempt came to: the invoice as it is stored after it, paid or not. */
export interface CollectionAttempt {
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
export function collectInvoice(
  operation: Operation,
  invoice: Invoice,
  by: AttemptBy,
  chosen?: PaymentMethod,
): CollectionAttempt {
  const method = chosen ?? paymentMethodFor(operation, invoice);
  if (method === undefined) {
    return {
      invoice: recordFailure(operation, invoice, by),
      error: cardError('Cannot charge a customer that has no default payment method.', { code: 'missing' }),
    };
  }
  const { intent, payment } = paymentOf(operation, invoice);
  const result = confirmPaymentIntent(operation, intent, method);
  switch (result.outcome) {
    case 'succeeded':
      return { invoice: recordPayment(operation, invoice, by, { intent: result.intent, payment }) };
    case 'requires_action': {
      const failed = recordFailure(operation, invoice, by);
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
      return {
        invoice: recordFailure(operation, invoice, by, result.decline),
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
