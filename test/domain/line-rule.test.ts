import { expect, test } from 'vitest';
import { parseBillingPeriod, periodLengthMs } from '../../domain/billing-period.ts';
import { ruleOf } from '../../domain/line-rule.ts';

const period = parseBillingPeriod('2026-09');
const line = {
  product: 'cpu_hour',
  usagePeriod: period,
  quantity: '12.345',
  exactQuantity: '12.345',
  unitPriceCents: '10',
  amountCents: 123,
} as const;

test('a sum: quantity × price, with all digits, and the one rounding', () => {
  expect(ruleOf(line, period)).toEqual([
    'The sum of the quantities of its events.',
    '12.345 × $0.10 = $1.2345, rounded once, half up: $1.23',
  ]);
});

test('storage: the average over the real length of its month', () => {
  const gbMs = String(50 * periodLengthMs(period));
  expect(
    ruleOf(
      {
        ...line,
        product: 'storage_gb_month',
        quantity: '50',
        exactQuantity: gbMs,
        unitPriceCents: '15',
        amountCents: 750,
      },
      period,
    ),
  ).toEqual([
    'GB held, times how long, over all disks, averaged over the length of the month:',
    `${gbMs} GB × ms ÷ 2592000000 ms = 50 GB-months`,
    '50 × $0.15 = $7.50, rounded once, half up: $7.50',
  ]);
});

test('a correction of an earlier month says so, and is negative', () => {
  const late = {
    ...line,
    usagePeriod: parseBillingPeriod('2026-08'),
    quantity: '-3',
    exactQuantity: '-3',
    amountCents: -30,
  };
  expect(ruleOf(late, period)).toEqual([
    'Used in 2026-08, at the price of that month: what came in, or was corrected, after the bills before this one.',
    'The sum of the quantities of its events.',
    '-3 × $0.10 = -$0.30, rounded once, half up: -$0.30',
  ]);
});

test('credits say which way they went', () => {
  const credits = { ...line, product: 'credits', unitPriceCents: '100' } as const;
  expect(ruleOf({ ...credits, amountCents: -50 }, period)).toEqual([
    'Credits pay first: as much as there is, up to what was used.',
  ]);
  expect(ruleOf({ ...credits, amountCents: 50 }, period)).toEqual([
    'Corrections came to more than was used: the difference is kept as credits.',
  ]);
});
