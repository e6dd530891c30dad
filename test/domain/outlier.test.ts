import { expect, it } from 'vitest';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { firstComparedPeriod, outlierReason } from '../../domain/outlier.ts';

const RULE = { factor: 5, minimumCents: 10_000 };
const reason = (usedCents: number, earlierCents: readonly number[], rule = RULE) =>
  outlierReason({ totalCents: usedCents, creditsAppliedCents: 0 }, earlierCents, rule);

it('says how many times the most of the last months a bill is, and never more than that', () => {
  expect(reason(521_000, [43_400, 100, 20_000])).toBe(
    '$5,210.00 is 12 times the most of the last 6 months ($434.00)',
  );
  expect(reason(59_999, [10_000, 9_000])).toBe(
    '$599.99 is 5.9 times the most of the last 6 months ($100.00)',
  );
  expect(reason(10_000, [0, 0])).toBe('$100.00, and the most of the last 6 months is $0.00');
});

it.each([
  ['as many times as the factor', 50_000, [10_000, 10_000], true],
  ['a cent less', 49_999, [10_000, 10_000], false],
  ['the most of those before counts, not the last', 50_000, [10_001, 100, 100], false],
  ['as much more as the minimum', 12_500, [2_500, 2_500], true],
  ['a cent less than the minimum more', 12_499, [2_500, 2_500], false],
  ['one month before: it may have been a part of one', 1_000_000, [100], false],
  ['a first month', 1_000_000, [], false],
  ['months of nothing before', 10_000, [0, 0], true],
  ['months of corrections before are months of nothing', 9_999, [-500, -500], false],
  ['a correction', -100_000, [100, 100], false],
])('%s: %i after %j', (_, usedCents, earlierCents, isOutlier) => {
  expect(reason(usedCents, earlierCents) !== null).toBe(isOutlier);
});

it('counts what was used, before credits; but a bill that charges nobody is none', () => {
  expect(outlierReason({ totalCents: 1, creditsAppliedCents: 49_999 }, [10_000, 0], RULE)).not.toBeNull();
  expect(outlierReason({ totalCents: 0, creditsAppliedCents: 50_000 }, [10_000, 0], RULE)).toBeNull();
});

it('multiplies exactly', () => {
  // 1.1 × 1,290 is 1,419.0000000000002 in floats.
  expect(reason(1_419, [1_290, 0], { factor: 1.1, minimumCents: 0 })).not.toBeNull();
  expect(reason(1_418, [1_290, 0], { factor: 1.1, minimumCents: 0 })).toBeNull();
});

it('compares with six months', () => {
  expect(firstComparedPeriod(parseBillingPeriod('2026-09'))).toBe('2026-03');
  expect(firstComparedPeriod(parseBillingPeriod('2027-02'))).toBe('2026-08');
});
