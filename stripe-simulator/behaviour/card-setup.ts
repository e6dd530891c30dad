/** Saving a card with its owner present, through a setup intent. */
import type { StripeApiError } from '../errors.ts';
import { cardError } from '../errors.ts';
import { newSetupIntent } from '../objects/payment.ts';
import type { Operation } from '../operation.ts';
import type { Customer, PaymentMethod, SetupIntent } from '../wire.ts';
import { attachPaymentMethod, chooseDefaultMethod, savePaymentMethod } from './cards.ts';
import { findCustomer } from './find.ts';
import type { Decline, TestCard } from './test-cards.ts';

/** What the owner did on the bank's page: nothing yet, authenticated, or failed to. */
export type Authentication = boolean | 'fail';

/** What a setup intent's `last_setup_error` says when the owner has failed on the bank's page. */
export const NOT_AUTHENTICATED: Decline = {
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
  const decline = authentication === 'fail' ? NOT_AUTHENTICATED : card.declinesSetup;
  if (decline !== undefined) throw failSetup(operation, intent, decline);
  if (card.authenticatesSetup === true && authentication === false) {
    awaitSetupOwner(operation, intent, { type: 'use_stripe_sdk', use_stripe_sdk: {} });
    return 'requires_action';
  }
  const saved = savePaymentMethod(operation, card, {
    authenticated: authentication === true,
    billingDetails,
  });
  succeedSetup(operation, intent, saved);
  return operation.store.paymentMethods.get(saved.id) ?? saved;
}

/** The bank refuses, or the owner did. Returns the error to be thrown. */
export function failSetup(
  operation: Operation,
  intent: SetupIntent,
  decline: Decline,
  method?: PaymentMethod,
): StripeApiError {
  const { message, ...details } = decline;
  const tried = method === undefined ? {} : { payment_method: method };
  const failed = operation.store.setupIntents.put({
    ...intent,
    last_setup_error: { ...details, ...tried, message, type: 'card_error' },
    next_action: null,
    payment_method: null,
    status: 'requires_payment_method',
  });
  operation.emit('setup_intent.setup_failed', failed);
  return cardError(message, { ...details, ...tried, setup_intent: failed });
}

/** Has the owner authenticate before the card is saved. */
export function awaitSetupOwner(
  operation: Operation,
  intent: SetupIntent,
  next: SetupIntent['next_action'],
): SetupIntent {
  const waiting = operation.store.setupIntents.put({
    ...intent,
    next_action: next,
    status: 'requires_action',
  });
  operation.emit('setup_intent.requires_action', waiting);
  return waiting;
}

/** Attaches the method to the intent's customer, if it has one. */
export function succeedSetup(operation: Operation, intent: SetupIntent, method: PaymentMethod): SetupIntent {
  if (intent.customer !== null)
    attachPaymentMethod(operation, method, findCustomer(operation, intent.customer));
  const succeeded = operation.store.setupIntents.put({
    ...intent,
    last_setup_error: null,
    next_action: null,
    payment_method: method.id,
    status: 'succeeded',
  });
  operation.emit('setup_intent.succeeded', succeeded);
  return succeeded;
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
