/** Test cards and test payment method ids: https://docs.stripe.com/testing */

import type { StripeErrorCode } from '../errors.ts';
import { cardError } from '../errors.ts';

/** What a card does, first when it is set up, then when it is charged. */
export interface TestCard {
  /** The name the simulator remembers it by. */
  readonly name: string;
  readonly number: string;
  readonly brand: 'amex' | 'mastercard' | 'visa';
  /** The `pm_card_…` ids and `tok_…` tokens that stand for it. */
  readonly tokens: readonly string[];
  /** The bank refuses it when it is saved. */
  readonly declinesSetup?: Decline;
  /** The bank refuses every charge. */
  readonly declinesCharge?: Decline;
  /** It wants its owner when it is set up; once that was done, charges off session succeed. */
  readonly authenticatesSetup?: boolean;
  /** It wants its owner for every charge, set up or not. */
  readonly authenticatesCharge?: boolean;
  /** Its charges succeed, and are then disputed. */
  readonly disputed?: { readonly reason: string; readonly inquiry?: boolean };
  /** Its refunds are pending at first, or succeed at first and then fail. */
  readonly refunds?: 'fails' | 'pending';
}

/** How a bank refuses, as the `error` of the 402 has it. https://docs.stripe.com/declines/codes */
export interface Decline {
  readonly code: StripeErrorCode;
  readonly decline_code?: string;
  readonly message: string;
}

const DECLINED = { code: 'card_declined', message: 'Your card was declined.' } as const;
const GENERIC: Decline = { ...DECLINED, decline_code: 'generic_decline' };
const INSUFFICIENT: Decline = {
  code: 'card_declined',
  decline_code: 'insufficient_funds',
  message: 'Your card has insufficient funds.',
};
const STOLEN: Decline = { ...DECLINED, decline_code: 'stolen_card' };
const LOST: Decline = { ...DECLINED, decline_code: 'lost_card' };
const TOO_OFTEN: Decline = {
  code: 'card_declined',
  decline_code: 'card_velocity_exceeded',
  message:
    'Your card was declined for making repeated attempts too frequently or exceeding its amount limit.',
};
const WRONG_CVC: Decline = { code: 'incorrect_cvc', message: "Your card's security code is incorrect." };
const PROCESSING: Decline = {
  code: 'processing_error',
  message: 'An error occurred while processing your card. Try again in a little bit.',
};
const EXPIRED: Decline = { code: 'expired_card', message: 'Your card has expired.' };

const TEST_CARDS: readonly TestCard[] = [
  { name: 'visa', number: '4242424242424242', brand: 'visa', tokens: ['pm_card_visa', 'tok_visa'] },
  {
    name: 'mastercard',
    number: '5555555555554444',
    brand: 'mastercard',
    tokens: ['pm_card_mastercard', 'tok_mastercard'],
  },
  { name: 'amex', number: '378282246310005', brand: 'amex', tokens: ['pm_card_amex', 'tok_amex'] },
  {
    name: 'declined',
    number: '4000000000000002',
    brand: 'visa',
    tokens: ['pm_card_visa_chargeDeclined', 'pm_card_chargeDeclined', 'tok_chargeDeclined'],
    declinesSetup: GENERIC,
    declinesCharge: GENERIC,
  },
  {
    name: 'insufficient_funds',
    number: '4000000000009995',
    brand: 'visa',
    tokens: ['pm_card_visa_chargeDeclinedInsufficientFunds', 'tok_visa_chargeDeclinedInsufficientFunds'],
    declinesSetup: INSUFFICIENT,
    declinesCharge: INSUFFICIENT,
  },
  {
    name: 'stolen',
    number: '4000000000009979',
    brand: 'visa',
    tokens: ['pm_card_visa_chargeDeclinedStolenCard', 'tok_visa_chargeDeclinedStolenCard'],
    declinesSetup: STOLEN,
    declinesCharge: STOLEN,
  },
  {
    name: 'expired',
    number: '4000000000000069',
    brand: 'visa',
    tokens: ['pm_card_chargeDeclinedExpiredCard', 'tok_chargeDeclinedExpiredCard'],
    declinesSetup: EXPIRED,
    declinesCharge: EXPIRED,
  },
  {
    name: 'lost',
    number: '4000000000009987',
    brand: 'visa',
    tokens: ['pm_card_visa_chargeDeclinedLostCard', 'tok_visa_chargeDeclinedLostCard'],
    declinesSetup: LOST,
    declinesCharge: LOST,
  },
  {
    name: 'velocity_exceeded',
    number: '4000000000006975',
    brand: 'visa',
    tokens: [
      'pm_card_visa_chargeDeclinedVelocityLimitExceeded',
      'tok_visa_chargeDeclinedVelocityLimitExceeded',
    ],
    declinesSetup: TOO_OFTEN,
    declinesCharge: TOO_OFTEN,
  },
  {
    name: 'incorrect_cvc',
    number: '4000000000000127',
    brand: 'visa',
    tokens: ['pm_card_chargeDeclinedIncorrectCvc', 'tok_chargeDeclinedIncorrectCvc'],
    declinesSetup: WRONG_CVC,
    declinesCharge: WRONG_CVC,
  },
  {
    name: 'processing_error',
    number: '4000000000000119',
    brand: 'visa',
    tokens: ['pm_card_chargeDeclinedProcessingError', 'tok_chargeDeclinedProcessingError'],
    declinesSetup: PROCESSING,
    declinesCharge: PROCESSING,
  },
  {
    name: 'charge_customer_fail',
    number: '4000000000000341',
    brand: 'visa',
    tokens: ['pm_card_chargeCustomerFail', 'tok_chargeCustomerFail'],
    declinesCharge: GENERIC,
  },
  {
    name: 'authentication_on_setup',
    number: '4000002500003155',
    brand: 'visa',
    tokens: ['pm_card_authenticationRequiredOnSetup'],
    authenticatesSetup: true,
  },
  {
    name: 'authentication_always',
    number: '4000002760003184',
    brand: 'visa',
    tokens: ['pm_card_authenticationRequired', 'pm_card_threeDSecure2Required', 'tok_threeDSecure2Required'],
    authenticatesSetup: true,
    authenticatesCharge: true,
  },
  {
    name: 'disputed',
    number: '4000000000000259',
    brand: 'visa',
    tokens: ['pm_card_createDispute', 'tok_createDispute'],
    disputed: { reason: 'fraudulent' },
  },
  {
    name: 'disputed_not_received',
    number: '4000000000002685',
    brand: 'visa',
    tokens: ['pm_card_createDisputeProductNotReceived', 'tok_createDisputeProductNotReceived'],
    disputed: { reason: 'product_not_received' },
  },
  {
    name: 'inquired',
    number: '4000000000001976',
    brand: 'visa',
    tokens: ['pm_card_createDisputeInquiry', 'tok_createDisputeInquiry'],
    disputed: { reason: 'fraudulent', inquiry: true },
  },
  {
    name: 'refund_pending',
    number: '4000000000007726',
    brand: 'visa',
    tokens: ['pm_card_pendingRefund', 'tok_pendingRefund'],
    refunds: 'pending',
  },
  {
    name: 'refund_fails',
    number: '4000000000005126',
    brand: 'visa',
    tokens: ['pm_card_refundFail', 'tok_refundFail'],
    refunds: 'fails',
  },
];

const BY_NUMBER = new Map(TEST_CARDS.map((card) => [card.number, card]));
const BY_NAME = new Map(TEST_CARDS.map((card) => [card.name, card]));
const BY_TOKEN = new Map(TEST_CARDS.flatMap((card) => card.tokens.map((token) => [token, card] as const)));

/** The card with this number, spaces and dashes aside. @throws 402 for any other number, which came as `param`. */
export function cardOrDecline(number: string, param = 'number'): TestCard {
  const card = BY_NUMBER.get(number.replaceAll(/[\s-]/g, ''));
  if (card !== undefined) return card;
  throw cardError('Your card number is incorrect. The simulator takes the test cards of its README only.', {
    code: 'incorrect_number',
    param,
  });
}

/** The card that a `CardRecord` or a page of the bank remembers by its name. */
export function cardByName(name: string): TestCard | undefined {
  return BY_NAME.get(name);
}

/** The card that a test id such as `pm_card_visa` stands for. */
export function cardByToken(token: string): TestCard | undefined {
  return BY_TOKEN.get(token);
}

/**
 * Decline codes after which Stripe doesn't try again by itself:
 * https://docs.stripe.com/billing/revenue-recovery/smart-retries
 */
const HARD_DECLINES = new Set([
  'authentication_required',
  'highest_risk_level',
  'incorrect_number',
  'lost_card',
  'pickup_card',
  'revocation_of_all_authorizations',
  'revocation_of_authorization',
  'stolen_card',
  'transaction_not_allowed',
]);

/** Whether trying the same card again is pointless, so that no retry is scheduled. */
export function isHardDecline(decline: Decline): boolean {
  return HARD_DECLINES.has(decline.decline_code ?? decline.code);
}
