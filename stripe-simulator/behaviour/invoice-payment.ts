/** What happens when a person pays on the hosted invoice page. https://docs.stripe.com/invoicing/hosted-invoice-page */
import { invalidRequest } from '../errors.ts';
import type { Operation } from '../operation.ts';
import type { Store } from '../store.ts';
import type { Invoice, PaymentMethod } from '../wire.ts';
import type { Authentication } from './card-setup.ts';
import { savePaymentMethod } from './cards.ts';
import type { OpenPayment } from './invoice-attempts.ts';
import { openPayment, paymentOf, recordFailure, recordPayment } from './invoice-attempts.ts';
import { AUTHENTICATION_FAILED, confirmPaymentIntent, declineError, failAuthentication } from './payments.ts';
import { cardOrDecline } from './test-cards.ts';

/** What a card on the hosted page led to; `POST /_sim/invoices/:id/pay` answers it as it is. */
export interface PagePayment {
  /** `requires_action`: the card wants its owner; the invoice stays open until he has authenticated. */
  outcome: 'paid' | 'requires_action';
  invoice: Invoice;
}

/** An invoice that can still be paid. */
export function isPayable({ status }: Invoice): boolean {
  return status === 'open' || status === 'uncollectible';
}

/** The payment method whose owner is asked for, if the invoice's payment waits for him. */
export function waitingMethod(store: Store, invoice: Invoice): PaymentMethod | undefined {
  const intent = openPayment(store, invoice)?.intent;
  return isPayable(invoice) && intent?.status === 'requires_action'
    ? store.paymentMethods.get(intent.payment_method ?? '')
    : undefined;
}

/**
 * One attempt with a card that is typed. It is charged and not kept, as with Stripe's setting
 * `hosted_payment_method_save` on `never`.
 * @throws 402 if the bank refuses, the owner fails to authenticate or it is no test card; 400 if nothing is to be paid.
 */
export function payWithCard(
  operation: Operation,
  invoice: Invoice,
  cardNumber: string,
  authentication: Authentication,
): PagePayment {
  requirePayable(invoice);
  const method = savePaymentMethod(operation, cardOrDecline(cardNumber), {
    billingDetails: { email: invoice.customer_email, name: invoice.customer_name },
  });
  return attempt(operation, invoice, paymentOf(operation, invoice), method, authentication);
}

/**
 * What the owner did on his bank's page, which a waiting payment has led him to.
 * @throws 402 if he failed there or the bank refuses, 400 if no payment waits.
 */
export function confirmWaitingPayment(
  operation: Operation,
  invoice: Invoice,
  authentication: Authentication,
): PagePayment {
  requirePayable(invoice);
  const { store } = operation;
  const method = waitingMethod(store, invoice);
  const open = openPayment(store, invoice);
  if (method === undefined || open === undefined)
    throw invalidRequest('No payment of this invoice waits for its owner: it takes a card.');
  if (authentication === false) return { outcome: 'requires_action', invoice };
  return attempt(operation, invoice, open, method, authentication);
}

function attempt(
  operation: Operation,
  invoice: Invoice,
  { intent, payment }: OpenPayment,
  method: PaymentMethod,
  authentication: Authentication,
): PagePayment {
  if (authentication === 'fail') {
    const error = failAuthentication(operation, intent, method);
    recordFailure(operation, invoice, 'hand', AUTHENTICATION_FAILED);
    throw error;
  }
  const result = confirmPaymentIntent(operation, intent, method, authentication);
  switch (result.outcome) {
    case 'succeeded': {
      const paid = recordPayment(operation, invoice, 'hand', { intent: result.intent, payment });
      return { outcome: 'paid', invoice: paid };
    }
    case 'requires_action':
      // Its owner is on his way to the bank's page: the attempt has not failed.
      operation.emit('invoice.payment_action_required', invoice);
      return { outcome: 'requires_action', invoice };
    case 'declined':
      recordFailure(operation, invoice, 'hand', result.decline);
      throw declineError(result);
  }
}

function requirePayable(invoice: Invoice): void {
  if (isPayable(invoice)) return;
  throw invalidRequest(`This invoice is ${String(invoice.status)}: it can not be paid.`, {
    code: 'invoice_not_editable',
  });
}
