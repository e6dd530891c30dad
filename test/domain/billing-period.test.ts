import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  billingPeriodOf,
  closedPeriods,
  isBillingPeriod,
  nextPeriod,
  parseBillingPeriod,
  periodClosedAt,
  periodEnd,
  periodLengthMs,
  periodStart,
  periodsBetween,
  previousPeriod,
} from '../../domain/billing-period.ts';

const instant = fc.date({
  min: new Date('1990-01-01T00:00:00Z'),
  max: new Date('2199-12-31T23:59:59.999Z'),
  noInvalidDate: true,
});
const HOUR_MS = 60 * 60_000;

describe('a billing period', () => {
  it('holds every instant exactly once', () => {
    fc.assert(
      fc.property(instant, (at) => {
        const period = billingPeriodOf(at);
        expect(periodStart(period).getTime()).toBeLessThanOrEqual(at.getTime());
        expect(at.getTime()).toBeLessThan(periodEnd(period).getTime());
      }),
    );
  });

  it('is among the last ones when it has ended, oldest first', () => {
    expect(closedPeriods(new Date('2026-02-01T00:00:00.000Z'), 3)).toEqual(['2025-11', '2025-12', '2026-01']);
    expect(closedPeriods(new Date('2026-01-31T23:59:59.999Z'), 1)).toEqual(['2025-12']);
    expect(closedPeriods(new Date('2026-01-31T23:59:59.999Z'), 0)).toEqual([]);
  });

  it('begins where the one before it ends', () => {
    fc.assert(
      fc.property(instant, (at) => {
        const period = billingPeriodOf(at);
        expect(periodEnd(period)).toEqual(periodStart(nextPeriod(period)));
        expect(previousPeriod(nextPeriod(period))).toBe(period);
      }),
    );
  });

  it.each([
    ['1000-01', '0999-12', '1000-02'],
    ['9998-12', '9998-11', '9999-01'],
  ])('%s, at the end of what can be named, has neighbours and bounds', (text, before, after) => {
    const period = parseBillingPeriod(text);
    expect([previousPeriod(period), nextPeriod(period)]).toEqual([before, after]);
    expect(periodEnd(period)).toEqual(new Date(`${after}-01T00:00:00.000Z`));
  });

  it.each([
    ['2024-02', 29],
    ['2026-02', 28],
    ['2100-02', 28],
    ['2026-04', 30],
    ['2026-12', 31],
  ])('%s is %i days long', (text, days) => {
    expect(periodLengthMs(parseBillingPeriod(text))).toBe(days * 24 * HOUR_MS);
  });

  it('is a month in UTC, wherever the machine is', () => {
    expect(billingPeriodOf(new Date('2026-10-31T23:59:59.999-00:00'))).toBe('2026-10');
    expect(billingPeriodOf(new Date('2026-11-01T01:00:00+02:00'))).toBe('2026-10');
    expect(billingPeriodOf(new Date('2026-10-31T20:00:00-05:00'))).toBe('2026-11');
  });

  it('that a close bills is the month before the time it was scheduled for', () => {
    expect(periodClosedAt(new Date('2026-11-01T00:00:00Z'))).toBe('2026-10');
    expect(periodClosedAt(new Date('2026-01-01T00:00:00Z'))).toBe('2025-12');
  });

  it('is named YYYY-MM and nothing else', () => {
    for (const text of ['2026-13', '2026-00', '2026-1', '26-10', '2026-10-01', ' 2026-10', '']) {
      expect(isBillingPeriod(text), text).toBe(false);
      expect(() => parseBillingPeriod(text)).toThrow(/YYYY-MM/);
    }
  });

  it('lists the months between two, both included', () => {
    const [first, last] = [parseBillingPeriod('2025-11'), parseBillingPeriod('2026-02')];
    expect(periodsBetween(first, last)).toEqual(['2025-11', '2025-12', '2026-01', '2026-02']);
    expect(periodsBetween(last, first)).toEqual([]);
  });
});
