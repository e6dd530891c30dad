/** Charging a card through a payment intent. */
import type { StripeApiError } from '../errors.ts';
import { cardError } from '../errors.ts';
import { newCharge } from '../objects/payment.ts';
import type { Operation } from '../operation.ts';
import type { Charge, PaymentIntent, PaymentMethod } from '../wire.ts';
import { needsAuthentication, testCardOf } from './cards.ts';
import type { Decline } from './test-cards.ts';

/**
 * The least that Stripe charges, in cents of the currency: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
 * Only the dollar's is known here; it stands for all.
 */
export const MINIMUM_CHARGE = 50;

/** The bank has refused: the intent waits for another payment method, and the failed charge stays as a record of it. */
export interface DeclinedPayment {
  outcome: 'declined';
  intent: PaymentIntent;
  charge: Charge;
  decline: Decline;
}
/** `succeeded`: the money is there or, with manual capture, held. */
export type ChargeResult = { outcome: 'succeeded'; intent: PaymentIntent; charge: Charge } | DeclinedPayment;
/** `requires_action`: nothing was charged, and the intent waits for the owner to authenticate. */
export type PaymentResult = ChargeResult | { outcome: 'requires_action'; intent: PaymentIntent };

/** One attempt to have `intent` paid by `method`. `authenticated`: its owner is present and has just authenticated. */
export function confirmPaymentIntent(
  operation: Operation,
  intent: PaymentIntent,
  method: PaymentMethod,
  authenticated = false,
): PaymentResult {
  if (!authenticated && needsAuthentication(operation, method.id)) {
    const next = { type: 'use_stripe_sdk', use_stripe_sdk: {} };
    return { outcome: 'requires_action', intent: awaitOwner(operation, intent, method, next) };
  }
  return chargeIntent(operation, intent, method);
}

/** Has the owner authenticate before `method` is charged. */
export function awaitOwner(
  operation: Operation,
  intent: PaymentIntent,
  method: PaymentMethod,
  next: PaymentIntent['next_action'],
): PaymentIntent {
  const waiting = operation.store.paymentIntents.put({
    ...intent,
    payment_method: method.id,
    status: 'requires_action',
    next_action: next,
  });
  operation.emit('payment_intent.requires_action', waiting);
  return waiting;
}

/** Asks the bank, once the owner has nothing to add. */
export function chargeIntent(
  operation: Operation,
  intent: PaymentIntent,
  method: PaymentMethod,
): ChargeResult {
  const decline = testCardOf(operation, method.id)?.declinesCharge;
  return decline === undefined
    ? succeed(operation, intent, method)
    : declineIntent(operation, intent, method, decline);
}

/** The 402 of a declined charge. */
export function declineError({ charge, decline, intent }: DeclinedPayment): StripeApiError {
  const { message, ...details } = decline;
  return cardError(message, { ...details, charge: charge.id, payment_intent: intent });
}

/** The owner did not authenticate. */
export const AUTHENTICATION_FAILED: Decline = {
  code: 'payment_intent_authentication_failure',
  message:
    'We are unable to authenticate your payment method. Please choose a different payment method and try again.',
};

/** The owner did not authenticate: the intent wants another payment method. Returns the error to be thrown. */
export function failAuthentication(
  operation: Operation,
  intent: PaymentIntent,
  method: PaymentMethod,
): StripeApiError {
  const { code, message } = AUTHENTICATION_FAILED;
  const failed = operation.store.paymentIntents.put({
    ...intent,
    last_payment_error: { code, message, payment_method: method, type: 'card_error' },
    next_action: null,
    payment_method: null,
    status: 'requires_payment_method',
  });
  operation.emit('payment_intent.payment_failed', failed);
  return cardError(message, { code, payment_intent: failed });
}

function succeed(operation: Operation, intent: PaymentIntent, method: PaymentMethod): ChargeResult {
  const { store } = operation;
  const held = intent.capture_method === 'manual';
  const charge = store.charges.put(newCharge(operation, intent, method, null));
  const paid = store.paymentIntents.put({
    ...intent,
    amount_capturable: held ? intent.amount : 0,
    amount_received: held ? 0 : intent.amount,
    last_payment_error: null,
    latest_charge: charge.id,
    next_action: null,
    payment_method: method.id,
    status: held ? 'requires_capture' : 'succeeded',
  });
  operation.emit('charge.succeeded', charge);
  operation.emit(held ? 'payment_intent.amount_capturable_updated' : 'payment_intent.succeeded', paid);
  if (!held) scheduleDispute(operation, charge);
  return { outcome: 'succeeded', intent: paid, charge };
}

/** Has a captured charge disputed, if its card is one for that. */
export function scheduleDispute(operation: Operation, charge: Charge): void {
  if (testCardOf(operation, charge.payment_method ?? '')?.disputed !== undefined)
    operation.schedule('dispute_charge', charge.id, 0);
}

/** The bank refuses: the intent wants another payment method. */
export function declineIntent(
  operation: Operation,
  intent: PaymentIntent,
  method: PaymentMethod,
  decline: Decline,
): DeclinedPayment {
  const { store } = operation;
  const charge = store.charges.put(newCharge(operation, intent, method, decline));
  const failed = store.paymentIntents.put({
    ...intent,
    last_payment_error: { ...decline, charge: charge.id, payment_method: method, type: 'card_error' },
    latest_charge: charge.id,
    next_action: null,
    payment_method: null,
    status: 'requires_payment_method',
  });
  operation.emit('charge.failed', charge);
  operation.emit('payment_intent.payment_failed', failed);
  return { outcome: 'declined', intent: failed, charge, decline };
}
