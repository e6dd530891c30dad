/** Payment intents made directly. https://docs.stripe.com/api/payment_intents */
import { invalidRequest } from '../errors.ts';
import { previousAttributes } from '../events.ts';
import type { Operation } from '../operation.ts';
import type { PaymentIntent, PaymentMethod } from '../wire.ts';
import { attachPaymentMethod, needsAuthentication, testCardOf } from './cards.ts';
import { findCharge, findCustomer, findPaymentMethod } from './find.ts';
import {
  authenticationStep,
  confirmedMethod,
  expectOwn,
  expectReturnUrl,
  expectStatus,
  rememberAuthentication,
  UNSETTLED,
} from './intents.ts';
import {
  awaitOwner,
  chargeIntent,
  declineError,
  declineIntent,
  failAuthentication,
  MINIMUM_CHARGE,
  scheduleDispute,
} from './payments.ts';
import type { Decline } from './test-cards.ts';

const MAXIMUM_CHARGE = 99_999_999;

/** The owner is not there, and the bank wants him. */
const AUTHENTICATION_REQUIRED: Decline = {
  code: 'authentication_required',
  decline_code: 'authentication_required',
  message: 'Your card was declined. This transaction requires authentication.',
};

/** How one attempt is made: `off_session`, `error_on_requires_action` and `return_url` of the request. */
export interface Confirmation {
  /** The owner is not there. */
  offSession: boolean;
  /** Fail rather than wait for him. */
  errorOnRequiresAction: boolean;
  returnUrl: string | undefined;
}

/** @throws 400 for less than 50 cents or more than eight digits. */
export function expectAmount(amount: number, currency: string): void {
  if (amount < MINIMUM_CHARGE) {
    throw invalidRequest(`Amount must be at least $0.50 ${currency}`, {
      code: 'amount_too_small',
      param: 'amount',
    });
  }
  if (amount > MAXIMUM_CHARGE) {
    throw invalidRequest(`Amount must be no more than $999,999.99 ${currency}`, {
      code: 'amount_too_large',
      param: 'amount',
    });
  }
}

/** One attempt. @throws 402 if the bank refuses, 400 in the wrong state or without a method. */
export function confirmIntent(
  operation: Operation,
  intent: PaymentIntent,
  { offSession, errorOnRequiresAction, returnUrl }: Confirmation,
): PaymentIntent {
  expectOwn(operation, intent);
  expectStatus(intent, 'confirm', UNSETTLED);
  const method = findPaymentMethod(operation, confirmedMethod(intent));
  if (!offSession) expectReturnUrl(intent, returnUrl);
  // With its owner there, such a card always wants him, whatever was authenticated before.
  const wantsOwner = offSession
    ? needsAuthentication(operation, method.id)
    : testCardOf(operation, method.id)?.authenticatesSetup === true;
  if (!wantsOwner) return pay(operation, intent, method, false);
  if (offSession || errorOnRequiresAction)
    throw declineError(declineIntent(operation, intent, method, AUTHENTICATION_REQUIRED));
  return awaitOwner(operation, intent, method, authenticationStep(operation, intent, returnUrl));
}

/** What the owner did on the bank's page. @throws 402 if he failed or the bank refuses, 400 if nothing is asked of him. */
export function authenticateIntent(operation: Operation, intent: PaymentIntent, succeeds: boolean): void {
  expectOwn(operation, intent);
  expectStatus(intent, 'confirm', ['requires_action']);
  const method = findPaymentMethod(operation, confirmedMethod(intent));
  if (!succeeds) throw failAuthentication(operation, intent, method);
  pay(operation, intent, method, true);
}

function pay(
  operation: Operation,
  intent: PaymentIntent,
  method: PaymentMethod,
  authenticated: boolean,
): PaymentIntent {
  const result = chargeIntent(operation, intent, method);
  if (result.outcome === 'declined') throw declineError(result);
  if (intent.setup_future_usage !== null) {
    if (authenticated) rememberAuthentication(operation, method);
    if (intent.customer !== null)
      attachPaymentMethod(operation, method, findCustomer(operation, intent.customer));
  }
  return result.intent;
}

/** Takes the money that is held, or a part of it: the rest is released. @throws 400 if none is, or not so much. */
export function captureIntent(
  operation: Operation,
  intent: PaymentIntent,
  amount = intent.amount_capturable,
): PaymentIntent {
  expectStatus(intent, 'capture', ['requires_capture']);
  if (amount < 1 || amount > intent.amount_capturable) {
    throw invalidRequest(
      `The amount to capture (${amount}) must be between 1 and the amount that is capturable (${intent.amount_capturable}).`,
      { param: 'amount_to_capture' },
    );
  }
  const { store } = operation;
  const held = findCharge(operation, intent.latest_charge ?? '');
  const charge = store.charges.put({ ...held, amount_captured: amount, captured: true });
  const captured = store.paymentIntents.put({
    ...intent,
    amount_capturable: 0,
    amount_received: amount,
    status: 'succeeded',
  });
  operation.emit('charge.captured', charge, previousAttributes(held, charge));
  operation.emit('payment_intent.succeeded', captured);
  scheduleDispute(operation, charge);
  return captured;
}

/** Ends it unpaid, and releases what is held. @throws 400 once it is paid or ended, or if it is not its own. */
export function cancelIntent(
  operation: Operation,
  intent: PaymentIntent,
  reason: PaymentIntent['cancellation_reason'],
): PaymentIntent {
  expectOwn(operation, intent);
  expectStatus(intent, 'cancel', [...UNSETTLED, 'requires_capture']);
  const { store, now } = operation;
  if (intent.status === 'requires_capture') {
    const held = findCharge(operation, intent.latest_charge ?? '');
    const released = store.charges.put({ ...held, amount_refunded: held.amount, refunded: true });
    operation.emit('charge.refunded', released, previousAttributes(held, released));
  }
  const canceled = store.paymentIntents.put({
    ...intent,
    amount_capturable: 0,
    canceled_at: now,
    cancellation_reason: reason,
    next_action: null,
    status: 'canceled',
  });
  operation.emit('payment_intent.canceled', canceled);
  return canceled;
}
