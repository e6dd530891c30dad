/** What happens when a person has typed a card on the hosted page. */
import { cardError, invalidRequest } from '../errors.ts';
import { newCustomer } from '../objects/customer.ts';
import type { Operation } from '../operation.ts';
import type { CheckoutSession, PaymentIntent, SetupIntent } from '../wire.ts';
import { attachPaymentMethod, savePaymentMethod } from './cards.ts';
import { findCustomer, findOrMissing } from './find.ts';
import { confirmPaymentIntent } from './payments.ts';
import type { TestCard } from './test-cards.ts';
import { cardByNumber } from './test-cards.ts';

export interface CheckoutOutcome {
  /** `requires_action`: the card wants its owner; the session stays open until `authenticate` is given. */
  outcome: 'complete' | 'requires_action';
  session: CheckoutSession;
}

/** @throws 402 if the bank refuses, 400 if the session is not open or the card is no test card. */
export function completeCheckout(
  operation: Operation,
  session: CheckoutSession,
  cardNumber: string,
  authenticate: boolean,
): CheckoutOutcome {
  if (session.status !== 'open') {
    throw invalidRequest(
      `This Checkout Session is ${String(session.status)}, so nothing can be entered any more.`,
    );
  }
  const card = cardByNumber(cardNumber);
  if (card === undefined) {
    throw cardError('Your card number is incorrect. The simulator takes the test cards of its README only.', {
      code: 'incorrect_number',
      param: 'number',
    });
  }
  return session.mode === 'setup'
    ? completeSetup(operation, session, card, authenticate)
    : completePayment(operation, session, card, authenticate);
}

function completeSetup(
  operation: Operation,
  session: CheckoutSession,
  card: TestCard,
  authenticate: boolean,
): CheckoutOutcome {
  const { store } = operation;
  const intent = findOrMissing(
    operation,
    'setupintent',
    (s) => s.setupIntents,
    session.setup_intent ?? '',
    'setup_intent',
  );
  if (card.declinesSetup !== undefined) {
    const { message, ...details } = card.declinesSetup;
    const failed = store.setupIntents.put({
      ...intent,
      last_setup_error: { ...details, message, type: 'card_error' },
      status: 'requires_payment_method',
    });
    operation.emit('setup_intent.setup_failed', failed);
    throw cardError(message, { ...details, setup_intent: failed });
  }
  if (card.authenticatesSetup === true && !authenticate) {
    const waiting: SetupIntent = {
      ...intent,
      next_action: { type: 'use_stripe_sdk', use_stripe_sdk: {} },
      status: 'requires_action',
    };
    store.setupIntents.put(waiting);
    operation.emit('setup_intent.requires_action', waiting);
    return { outcome: 'requires_action', session };
  }
  const saved = savePaymentMethod(operation, card, {
    authenticated: authenticate,
    billingDetails: billingDetails(session),
  });
  const method =
    session.customer === null
      ? saved
      : attachPaymentMethod(operation, saved, findCustomer(operation, session.customer));
  const succeeded = store.setupIntents.put({
    ...intent,
    last_setup_error: null,
    next_action: null,
    payment_method: method.id,
    status: 'succeeded',
  });
  operation.emit('setup_intent.succeeded', succeeded);
  return {
    outcome: 'complete',
    session: complete(operation, session, { payment_status: 'no_payment_required' }),
  };
}

function completePayment(
  operation: Operation,
  session: CheckoutSession,
  card: TestCard,
  authenticate: boolean,
): CheckoutOutcome {
  const { store } = operation;
  const customer =
    session.customer ?? (session.customer_creation === 'always' ? createCustomer(operation, session) : null);
  const found = findOrMissing(
    operation,
    'payment_intent',
    (s) => s.paymentIntents,
    session.payment_intent ?? '',
    'payment_intent',
  );
  const intent: PaymentIntent = { ...found, customer };
  const saved = savePaymentMethod(operation, card, {
    authenticated: authenticate,
    billingDetails: billingDetails(session),
  });
  const result = confirmPaymentIntent(operation, intent, saved, authenticate);
  if (result.outcome === 'declined') {
    const { message, ...details } = result.decline;
    throw cardError(message, { ...details, charge: result.charge.id, payment_intent: result.intent });
  }
  if (result.outcome === 'requires_action') return { outcome: 'requires_action', session };
  if (intent.setup_future_usage !== null && customer !== null) {
    attachPaymentMethod(
      operation,
      store.paymentMethods.get(saved.id) ?? saved,
      findCustomer(operation, customer),
    );
  }
  return { outcome: 'complete', session: complete(operation, session, { customer, payment_status: 'paid' }) };
}

function complete(
  operation: Operation,
  session: CheckoutSession,
  fields: Partial<CheckoutSession>,
): CheckoutSession {
  const completed = operation.store.checkoutSessions.put({
    ...session,
    ...fields,
    status: 'complete',
    url: null,
  });
  operation.emit('checkout.session.completed', completed);
  return completed;
}

/** Ends an open session without anything having been entered. */
export function expireSession(operation: Operation, session: CheckoutSession): CheckoutSession {
  const expired = operation.store.checkoutSessions.put({ ...session, status: 'expired', url: null });
  operation.emit('checkout.session.expired', expired);
  return expired;
}

function createCustomer(operation: Operation, session: CheckoutSession): string {
  const customer = operation.store.customers.put({
    ...newCustomer(operation),
    email: session.customer_email,
  });
  operation.emit('customer.created', customer);
  return customer.id;
}

function billingDetails(session: CheckoutSession): { email: string | null; name: string | null } {
  return { email: session.customer_details?.email ?? null, name: session.customer_details?.name ?? null };
}
