import { Stripe } from 'stripe';
import { expect, test } from 'vitest';
import {
  type ExpectedPrice,
  type PriceInStripe,
  priceMismatches,
} from '../../activities/price-mismatches.ts';

const EXPECTED: ExpectedPrice = {
  mode: 'live',
  unitPriceCents: '0.001',
  isMetered: true,
  meterEventName: 'durable_billing_api_calls',
  namedIn: null,
};

const RECURRING = {
  interval: 'month',
  interval_count: 1,
  meter: 'mtr_1',
  trial_period_days: null,
  usage_type: 'metered',
} as const;

const PRICE: PriceInStripe['price'] = {
  active: true,
  currency: 'usd',
  billing_scheme: 'per_unit',
  transform_quantity: null,
  unit_amount_decimal: Stripe.Decimal.from('0.001'),
  recurring: RECURRING,
};

const METER: NonNullable<PriceInStripe['meter']> = {
  event_name: 'durable_billing_api_calls',
  status: 'active',
  default_aggregation: { formula: 'sum' },
};

const GOOD: PriceInStripe = { price: PRICE, isOurs: false, isProductActive: true, meter: METER };

const whatOf = (expected: ExpectedPrice, found: PriceInStripe) =>
  priceMismatches(expected, found).map(({ what }) => what);

test('a price that is as the price list has it has no mismatch, however its decimal is written', () => {
  expect(whatOf(EXPECTED, GOOD)).toEqual([]);
  const written = { ...PRICE, unit_amount_decimal: Stripe.Decimal.from('0.00100') };
  expect(whatOf(EXPECTED, { ...GOOD, price: written })).toEqual([]);
});

test('what is not metered is one-time, and has no meter', () => {
  const expected = { ...EXPECTED, isMetered: false, meterEventName: null };
  expect(whatOf(expected, { ...GOOD, price: { ...PRICE, recurring: null }, meter: null })).toEqual([]);
  expect(whatOf(expected, GOOD)).toEqual(['is metered and every month, not one-time']);
});

test.each<[what: string, price: Partial<PriceInStripe['price']>]>([
  ['is archived', { active: false }],
  ['is in eur, not in usd', { currency: 'eur' }],
  ['is $0.00002, not $0.00001 for one unit', { unit_amount_decimal: Stripe.Decimal.from('0.002') }],
  ['is tiered, not $0.00001 for one unit', { billing_scheme: 'tiered', unit_amount_decimal: null }],
  [
    'is $0.01 for each 1000, not $0.00001 for one unit',
    { unit_amount_decimal: Stripe.Decimal.from('1'), transform_quantity: { divide_by: 1000, round: 'up' } },
  ],
  ['is one-time, not metered and monthly', { recurring: null }],
  ['is metered and every year, not metered and monthly', { recurring: { ...RECURRING, interval: 'year' } }],
  [
    'is metered and every 3 months, not metered and monthly',
    { recurring: { ...RECURRING, interval_count: 3 } },
  ],
  [
    'is licensed and every month, not metered and monthly',
    { recurring: { ...RECURRING, usage_type: 'licensed' } },
  ],
])('a price that %s does not pass', (what, price) => {
  expect(whatOf(EXPECTED, { ...GOOD, price: { ...PRICE, ...price } })).toEqual([what]);
});

test.each<[what: string, meter: Partial<PriceInStripe['meter']> | null]>([
  ['has no meter', null],
  ['has a meter that is deactivated', { status: 'inactive' }],
  ['has a meter that takes the last, not the sum', { default_aggregation: { formula: 'last' } }],
  ['has a meter of "calls" events, not of "durable_billing_api_calls"', { event_name: 'calls' }],
])('a price that %s does not pass', (what, meter) => {
  expect(whatOf(EXPECTED, { ...GOOD, meter: meter === null ? null : { ...METER, ...meter } })).toEqual([
    what,
  ]);
});

test('one that was made in the Dashboard may count what it likes, and is mended by naming another', () => {
  const named = { ...EXPECTED, meterEventName: null, namedIn: 'STRIPE_PRICE_ID_API_CALLS' };
  expect(whatOf(named, { ...GOOD, meter: { ...METER, event_name: 'calls' } })).toEqual([]);
  const [mismatch] = priceMismatches(named, { ...GOOD, price: { ...PRICE, currency: 'eur' } });
  expect(mismatch?.mend).toMatch(/STRIPE_PRICE_ID_API_CALLS/);
  const inEuro = { ...GOOD, price: { ...PRICE, currency: 'eur' } };
  const [byHand] = priceMismatches(EXPECTED, inEuro);
  expect(byHand?.mend).toMatch(/^Take its lookup key away.*setup-stripe --mode live --apply/);
  const [ours] = priceMismatches(EXPECTED, { ...inEuro, isOurs: true });
  expect(ours?.mend).toMatch(/^Run .*setup-stripe --mode live --apply/);
});

test('all that differs is told at once', () => {
  const price = { ...PRICE, active: false, currency: 'eur' };
  expect(whatOf(EXPECTED, { price, isOurs: false, isProductActive: false, meter: null })).toEqual([
    'is archived',
    'is of a product that is archived',
    'is in eur, not in usd',
    'has no meter',
  ]);
});
