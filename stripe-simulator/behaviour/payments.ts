/** Charging a card through a payment intent. */
import type { StripeApiError } from '../errors.ts';
import { cardError } from '../errors.ts';
import { newCharge } from '../objects/payment.ts';
import type { Operation } from '../operation.ts';
import type { Charge, PaymentIntent, PaymentMethod } from '../wire.ts';
import { needsAuthentication, testCardOf } from './cards.ts';
import type { Decline } from './test-cards.ts';

export type PaymentResult =
  | { outcome: 'succeeded'; intent: PaymentIntent; charge: Charge }
  | { outcome: 'declined'; intent: PaymentIntent; charge: Charge; decline: Decline }
  | { outcome: 'requires_action'; intent: PaymentIntent };

/** One attempt to have `intent` paid by `method`. `authenticated`: its owner is present and has just authenticated. */
export function confirmPaymentIntent(
  operation: Operation,
  intent: PaymentIntent,
  method: PaymentMethod,
  authenticated = false,
): PaymentResult {
  const { store } = operation;
  if (!authenticated && needsAuthentication(operation, method.id)) {
    const waiting = store.paymentIntents.put({
      ...intent,
      payment_method: method.id,
      status: 'requires_action',
      next_action: { type: 'use_stripe_sdk', use_stripe_sdk: {} },
    });
    operation.emit('payment_intent.requires_action', waiting);
    return { outcome: 'requires_action', intent: waiting };
  }
  const decline = testCardOf(operation, method.id)?.declinesCharge;
  return decline === undefined
    ? succeed(operation, intent, method)
    : fail(operation, intent, method, decline);
}

/** The owner did not authenticate: the intent wants another payment method. Returns the error to be thrown. */
export function failAuthentication(
  operation: Operation,
  intent: PaymentIntent,
  method: PaymentMethod,
): StripeApiError {
  const details = { code: 'payment_intent_authentication_failure' } as const;
  const message =
    'We are unable to authenticate your payment method. Please choose a different payment method and try again.';
  const failed = operation.store.paymentIntents.put({
    ...intent,
    last_payment_error: { ...details, message, payment_method: method, type: 'card_error' },
    next_action: null,
    payment_method: null,
    status: 'requires_payment_method',
  });
  operation.emit('payment_intent.payment_failed', failed);
  return cardError(message, { ...details, payment_intent: failed });
}

function succeed(operation: Operation, intent: PaymentIntent, method: PaymentMethod): PaymentResult {
  const { store } = operation;
  const charge = store.charges.put(newCharge(operation, intent, method, null));
  const paid = store.paymentIntents.put({
    ...intent,
    amount_received: intent.amount,
    last_payment_error: null,
    latest_charge: charge.id,
    next_action: null,
    payment_method: method.id,
    status: 'succeeded',
  });
  operation.emit('charge.succeeded', charge);
  operation.emit('payment_intent.succeeded', paid);
  if (testCardOf(operation, method.id)?.disputed !== undefined)
    operation.schedule('dispute_charge', charge.id, 0);
  return { outcome: 'succeeded', intent: paid, charge };
}

function fail(
  operation: Operation,
  intent: PaymentIntent,
  method: PaymentMethod,
  decline: Decline,
): PaymentResult {
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
