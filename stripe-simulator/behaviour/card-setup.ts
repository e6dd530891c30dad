/** Saving a card with its owner present, through a setup intent. */
import { cardError } from '../errors.ts';
import { newSetupIntent } from '../objects/payment.ts';
import type { Operation } from '../operation.ts';
import type { Customer, PaymentMethod, SetupIntent } from '../wire.ts';
import { attachPaymentMethod, chooseDefaultMethod, savePaymentMethod } from './cards.ts';
import { findCustomer } from './find.ts';
import type { Decline, TestCard } from './test-cards.ts';

/** What the owner did on the bank's page: nothing yet, authenticated, or failed to. */
export type Authentication = boolean | 'fail';

const NOT_AUTHENTICATED: Decline = {
  code: 'setup_intent_authentication_failure',
  message:
    'We are unable to authenticate your payment method. Please choose a different payment method and try again.',
};

/** One attempt to save a card through `intent`. @throws 402 if the bank refuses, or the owner failed to authenticate. */
export function confirmSetup(
  operation: Operation,
  intent: SetupIntent,
  card: TestCard,
  authentication: Authentication,
  billingDetails: Partial<PaymentMethod['billing_details']> = {},
): PaymentMethod | 'requires_action' {
  const { store } = operation;
  const decline = authentication === 'fail' ? NOT_AUTHENTICATED : card.declinesSetup;
  if (decline !== undefined) {
    const { message, ...details } = decline;
    const failed = store.setupIntents.put({
      ...intent,
      last_setup_error: { ...details, message, type: 'card_error' },
      next_action: null,
      status: 'requires_payment_method',
    });
    operation.emit('setup_intent.setup_failed', failed);
    throw cardError(message, { ...details, setup_intent: failed });
  }
  if (card.authenticatesSetup === true && authentication === false) {
    const waiting = store.setupIntents.put({
      ...intent,
      next_action: { type: 'use_stripe_sdk', use_stripe_sdk: {} },
      status: 'requires_action',
    });
    operation.emit('setup_intent.requires_action', waiting);
    return 'requires_action';
  }
  const saved = savePaymentMethod(operation, card, {
    authenticated: authentication === true,
    billingDetails,
  });
  const method =
    intent.customer === null
      ? saved
      : attachPaymentMethod(operation, saved, findCustomer(operation, intent.customer));
  const succeeded = store.setupIntents.put({
    ...intent,
    last_setup_error: null,
    next_action: null,
    payment_method: method.id,
    status: 'succeeded',
  });
  operation.emit('setup_intent.succeeded', succeeded);
  return method;
}

/** Adds a card to a customer, as the billing portal does; the first one becomes the default. */
export function setUpCard(
  operation: Operation,
  customer: Customer,
  card: TestCard,
  authentication: Authentication,
): PaymentMethod | 'requires_action' {
  const intent = operation.store.setupIntents.put(newSetupIntent(operation, { customer: customer.id }));
  operation.emit('setup_intent.created', intent);
  const method = confirmSetup(operation, intent, card, authentication, {
    email: customer.email,
    name: customer.name ?? null,
  });
  const current = operation.store.customers.get(customer.id) ?? customer;
  if (method !== 'requires_action' && current.invoice_settings.default_payment_method === null)
    chooseDefaultMethod(operation, current, method);
  return method;
}
