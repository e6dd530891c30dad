/** Saving cards: to the simulator, and to a customer. */

import { cardError, invalidRequest } from '../errors.ts';
import { previousAttributes } from '../events.ts';
import { newPaymentMethod } from '../objects/payment-method.ts';
import type { Operation } from '../operation.ts';
import type { Customer, PaymentMethod } from '../wire.ts';
import { findPaymentMethod } from './find.ts';
import type { TestCard } from './test-cards.ts';
import { cardByName, cardByToken } from './test-cards.ts';

/** A new payment method for this card, attached to nobody. */
export function savePaymentMethod(
  operation: Operation,
  card: TestCard,
  made: {
    authenticated?: boolean;
    metadata?: Record<string, string>;
    billingDetails?: Partial<PaymentMethod['billing_details']>;
  } = {},
): PaymentMethod {
  const { livemode, now, store } = operation;
  const { authenticated = false, metadata = {}, billingDetails = {} } = made;
  const method = store.paymentMethods.put(
    newPaymentMethod(card, { livemode, now, metadata, billingDetails }),
  );
  store.cards.put({ id: method.id, card: card.name, authenticated });
  return method;
}

/** The payment method with this id; a test id such as `pm_card_visa` makes a new one. */
export function paymentMethodOrToken(
  operation: Operation,
  id: string,
  param = 'payment_method',
): PaymentMethod {
  const card = cardByToken(id);
  return card === undefined ? findPaymentMethod(operation, id, param) : savePaymentMethod(operation, card);
}

/**
 * Attaches a payment method to a customer.
 * @throws 402 if its bank refuses to have it saved, 400 if it is someone else's.
 */
export function attachPaymentMethod(
  operation: Operation,
  method: PaymentMethod,
  customer: Customer,
): PaymentMethod {
  if (method.customer === customer.id) return method;
  if (method.customer !== null) {
    throw invalidRequest('The payment method you provided has already been attached to a customer.', {
      param: 'payment_method',
      code: 'resource_already_exists',
    });
  }
  const decline = testCardOf(operation, method.id)?.declinesSetup;
  if (decline !== undefined) {
    const { message, ...details } = decline;
    throw cardError(message, details);
  }
  const attached = operation.store.paymentMethods.put({ ...method, customer: customer.id });
  operation.emit('payment_method.attached', attached);
  return attached;
}

/**
 * Detaches it for good; wherever it was the default, there is none any more.
 * @throws 400 if it is attached to nobody.
 */
export function detachPaymentMethod(operation: Operation, method: PaymentMethod): PaymentMethod {
  const { store } = operation;
  const { customer: owner } = method;
  if (owner === null) {
    throw invalidRequest(
      'The payment method you provided is not attached to a customer so detachment is impossible.',
      {
        param: 'payment_method',
      },
    );
  }
  const detached = store.paymentMethods.put({ ...method, customer: null });
  operation.emit('payment_method.detached', detached, { customer: owner });
  const customer = store.customers.get(owner);
  if (customer?.invoice_settings.default_payment_method === method.id) {
    const updated = store.customers.put({
      ...customer,
      invoice_settings: { ...customer.invoice_settings, default_payment_method: null },
    });
    operation.emit('customer.updated', updated, previousAttributes(customer, updated));
  }
  for (const subscription of store.subscriptions.all('customer', owner)) {
    if (subscription.default_payment_method !== method.id) continue;
    const updated = store.subscriptions.put({ ...subscription, default_payment_method: null });
    operation.emit('customer.subscription.updated', updated, { default_payment_method: method.id });
  }
  return detached;
}

/** Makes it the one that invoices are charged to. */
export function chooseDefaultMethod(
  operation: Operation,
  customer: Customer,
  method: PaymentMethod,
): Customer {
  const chosen = operation.store.customers.put({
    ...customer,
    invoice_settings: { ...customer.invoice_settings, default_payment_method: method.id },
  });
  operation.emit('customer.updated', chosen, previousAttributes(customer, chosen));
  return chosen;
}

/** What the card of a payment method does. */
export function testCardOf(operation: Operation, paymentMethod: string): TestCard | undefined {
  const record = operation.store.cards.get(paymentMethod);
  return record === undefined ? undefined : cardByName(record.card);
}

/** A card that has to be charged although it was never set up with its owner present. */
export function needsAuthentication(operation: Operation, paymentMethod: string): boolean {
  const card = testCardOf(operation, paymentMethod);
  const authenticated = operation.store.cards.get(paymentMethod)?.authenticated === true;
  return card?.authenticatesCharge === true || (card?.authenticatesSetup === true && !authenticated);
}
