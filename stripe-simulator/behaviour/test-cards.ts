/** Test cards and test payment method ids: https://docs.stripe.com/testing */

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
}

export interface Decline {
  readonly code: string;
  readonly decline_code?: string;
  readonly message: string;
}

const DECLINED = { code: 'card_declined', message: 'Your card was declined.' };
const GENERIC: Decline = { ...DECLINED, decline_code: 'generic_decline' };
const INSUFFICIENT: Decline = {
  code: 'card_declined',
  decline_code: 'insufficient_funds',
  message: 'Your card has insufficient funds.',
};
const STOLEN: Decline = { ...DECLINED, decline_code: 'stolen_card' };
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
    tokens: ['pm_card_authenticationRequired', 'tok_threeDSecure2Required'],
    authenticatesSetup: true,
    authenticatesCharge: true,
  },
];

const BY_NUMBER = new Map(TEST_CARDS.map((card) => [card.number, card]));
const BY_NAME = new Map(TEST_CARDS.map((card) => [card.name, card]));
const BY_TOKEN = new Map(TEST_CARDS.flatMap((card) => card.tokens.map((token) => [token, card] as const)));

/** The card with this number, spaces and dashes aside. */
export function cardByNumber(number: string): TestCard | undefined {
  return BY_NUMBER.get(number.replaceAll(/[\s-]/g, ''));
}

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

export function isHardDecline(decline: Decline): boolean {
  return HARD_DECLINES.has(decline.decline_code ?? decline.code);
}
