/** What happens when a person has typed a card on the hosted page. */
import { invalidRequest } from '../errors.ts';
import { newCustomer } from '../objects/customer.ts';
import type { Operation } from '../operation.ts';
import type { CheckoutSession, PaymentIntent } from '../wire.ts';
import type { Authentication } from './card-setup.ts';
import { confirmSetup } from './card-setup.ts';
import { attachPaymentMethod, savePaymentMethod } from './cards.ts';
import { findCustomer, findOrMissing } from './find.ts';
import { confirmPaymentIntent, declineError, failAuthentication } from './payments.ts';
import type { TestCard } from './test-cards.ts';
import { cardOrDecline } from './test-cards.ts';

/** What entering a card on the page led to; `POST /_sim/checkout/:id/complete` answers it as it is. */
export interface CheckoutOutcome {
  /** `requires_action`: the card wants its owner; the session stays open until he has authenticated. */
  outcome: 'complete' | 'requires_action';
  session: CheckoutSession;
}

/**
 * What a card that is typed on the page leads to.
 * @throws 402 if the bank refuses, the owner fails to authenticate or it is no test card; 400 unless the session is open.
 */
export function completeCheckout(
  operation: Operation,
  session: CheckoutSession,
  cardNumber: string,
  authentication: Authentication,
): CheckoutOutcome {
  if (session.status !== 'open') {
    throw invalidRequest(
      `This Checkout Session is ${String(session.status)}, so nothing can be entered any more.`,
    );
  }
  const card = cardOrDecline(cardNumber);
  return session.mode === 'setup'
    ? completeSetup(operation, session, card, authentication)
    : completePayment(operation, session, card, authentication);
}

function completeSetup(
  operation: Operation,
  session: CheckoutSession,
  card: TestCard,
  authentication: Authentication,
): CheckoutOutcome {
  const intent = findOrMissing(
    operation,
    'setupintent',
    (store) => store.setupIntents,
    session.setup_intent ?? '',
    'setup_intent',
  );
  const method = confirmSetup(
    operation,
    { ...intent, customer: session.customer },
    card,
    authentication,
    billingDetails(session),
  );
  if (method === 'requires_action') return { outcome: 'requires_action', session };
  return {
    outcome: 'complete',
    session: complete(operation, session, { payment_status: 'no_payment_required' }),
  };
}

function completePayment(
  operation: Operation,
  session: CheckoutSession,
  card: TestCard,
  authentication: Authentication,
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
    authenticated: authentication === true,
    billingDetails: billingDetails(session),
  });
  if (authentication === 'fail') throw failAuthentication(operation, intent, saved);
  const result = confirmPaymentIntent(operation, intent, saved, authentication);
  if (result.outcome === 'declined') throw declineError(result);
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
