import { Big } from 'big.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { billStatusOfInvoice, rateBill, type UnbilledUsage, type UnitPrices } from '../../domain/bill.ts';
import { parseBillingPeriod, periodLengthMs } from '../../domain/billing-period.ts';
import { sumCents } from '../../domain/money.ts';
import { METERED_PRODUCTS, PRICE_LIST } from '../../domain/price-list.ts';

const period = parseBillingPeriod('2026-10');
const before = parseBillingPeriod('2026-09');
const unitPricesCents: UnitPrices = (product) => PRICE_LIST[product].unitPriceCents;

const bill = (usage: readonly UnbilledUsage[], creditBalanceCents = 0) =>
  rateBill({ period, usage, unitPricesCents, creditBalanceCents });
const used = (product: UnbilledUsage['product'], quantity: string, usagePeriod = period): UnbilledUsage => ({
  product,
  usagePeriod,
  quantity: new Big(quantity),
});
const gbMonths = (gb: string, usagePeriod = period) =>
  new Big(gb).times(periodLengthMs(usagePeriod)).toFixed();

describe('the price list', () => {
  it('is the one that the seed states', () => {
    expect(Object.values(PRICE_LIST).map((item) => [item.displayName, item.unitPriceCents])).toEqual([
      ['CPU Hour', '10'],
      ['GPU Hour', '200'],
      ['Storage GB-Month', '15'],
      ['API Calls', '0.001'], // $0.01 per 1,000
      ['Credits', '100'],
    ]);
  });
});

describe('a line', () => {
  it.each([
    ['cpu_hour', '12.345', 123],
    ['gpu_hour', '0.0025', 1],
    ['gpu_hour', '0.0024999', 0],
    ['api_calls', '1499', 1],
    ['api_calls', '1500', 2],
    ['api_calls', '499', 0],
    ['storage_gb_month', gbMonths('10'), 150],
  ] as const)('of %s, %s in base units, comes to %i cents', (product, quantity, cents) => {
    const [line] = bill([used(product, quantity)]).lines;
    expect(line?.amountCents).toBe(cents);
  });

  it('bills one API call as 0.001 cent and not as a block of a thousand', () => {
    expect(bill([used('api_calls', '1000')]).totalCents).toBe(1);
    expect(bill([used('api_calls', '100000')]).totalCents).toBe(100);
    expect(bill([used('api_calls', '100501')]).totalCents).toBe(101);
  });

  it('shows storage in GB-months and keeps the exact GB-milliseconds beside them', () => {
    const [line] = bill([used('storage_gb_month', '1')]).lines;
    expect(line).toMatchObject({ quantity: '0.000000000373', exactQuantity: '1', amountCents: 0 });
  });

  it('of an earlier month says that it is late usage, and of which month', () => {
    const lines = bill([used('cpu_hour', '1', before), used('cpu_hour', '2')]).lines;
    expect(lines.map((line) => [line.description, line.usagePeriod, line.amountCents])).toEqual([
      ['CPU Hour, late usage, 2026-09', '2026-09', 10],
      ['CPU Hour, 2026-10', '2026-10', 20],
    ]);
  });

  it('stands in the order of the price list', () => {
    const lines = bill(METERED_PRODUCTS.toReversed().map((product) => used(product, '1000000'))).lines;
    expect(lines.map((line) => line.product)).toEqual([...METERED_PRODUCTS]);
  });
});

describe('credits', () => {
  it('pay first, and only as far as there is something to pay', () => {
    expect(bill([used('cpu_hour', '100')], 300)).toMatchObject({ totalCents: 700, creditsAppliedCents: 300 });
    expect(bill([used('cpu_hour', '100')], 5_000)).toMatchObject({
      totalCents: 0,
      creditsAppliedCents: 1_000,
    });
    expect(bill([], 5_000)).toEqual({ lines: [], totalCents: 0, creditsAppliedCents: 0 });
  });

  it('are a negative line', () => {
    expect(bill([used('cpu_hour', '100')], 250).lines.at(-1)).toMatchObject({
      product: 'credits',
      quantity: '-2.5',
      amountCents: -250,
      description: 'Credits used',
    });
  });

  it('take in a correction that exceeds the usage, so no bill is ever negative', () => {
    const result = bill([used('storage_gb_month', gbMonths('-100', before), before)]);
    expect(result).toMatchObject({ totalCents: 0, creditsAppliedCents: -1_500 });
    expect(result.lines.at(-1)).toMatchObject({
      amountCents: 1_500,
      description: 'Correction kept as credits',
    });
  });
});

describe('any bill', () => {
  const usage = fc.array(
    fc.record({
      product: fc.constantFrom(...METERED_PRODUCTS),
      usagePeriod: fc.constantFrom(before, period),
      quantity: fc
        .bigInt({ min: -(10n ** 18n), max: 10n ** 18n })
        .map((digits) => new Big(digits.toString()).div(10 ** 6)),
    }),
    { maxLength: 8 },
  );

  it('is the sum of its lines, is never negative, and never takes more credits than there are', () => {
    fc.assert(
      fc.property(usage, fc.nat(10 ** 9), (lines, credits) => {
        const result = bill(lines, credits);
        expect(sumCents(result.lines.map((line) => line.amountCents))).toBe(result.totalCents);
        expect(result.totalCents).toBeGreaterThanOrEqual(0);
        expect(result.creditsAppliedCents).toBeLessThanOrEqual(credits);
      }),
    );
  });

  it('does not depend on the order in which its usage is read', () => {
    fc.assert(
      fc.property(usage, (lines) => {
        const distinct = [
          ...new Map(lines.map((line) => [`${line.product} ${line.usagePeriod}`, line])).values(),
        ];
        expect(bill(distinct.toReversed())).toEqual(bill(distinct));
      }),
    );
  });
});

describe("a bill's status by its invoice", () => {
  it.each([
    ['draft', false, null],
    ['open', false, 'open'],
    ['open', true, 'payment_failed'],
    ['paid', true, 'paid'],
    ['void', false, 'void'],
    ['uncollectible', true, 'payment_failed'],
  ] as const)('%s, tried: %s → %s', (status, attempted, expected) => {
    expect(billStatusOfInvoice({ status, attempted })).toBe(expected);
  });
});
