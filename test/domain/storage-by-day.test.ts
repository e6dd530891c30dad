import { Big } from 'big.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BillingPeriod,
  parseBillingPeriod,
  periodEnd,
  periodLengthMs,
  periodStart,
  periodsBetween,
} from '../../domain/billing-period.ts';
import { rateDays } from '../../domain/daily-usage.ts';
import { DAY_MS } from '../../domain/days.ts';
import { type StorageLevel, type StorageTotal, storageChanges, storageGbMs } from '../../domain/storage.ts';
import { type StorageDay, storageByDay } from '../../domain/storage-by-day.ts';

const JANUARY = parseBillingPeriod('2024-01');
const FEBRUARY = parseBillingPeriod('2024-02'); // of a leap year
const MARCH = parseBillingPeriod('2024-03');
const LATER = new Date('2026-01-01T00:00:00Z');

const level = (gb: string, occurredAt: string, eventId = 'e'): StorageLevel => ({
  eventId,
  occurredAt: new Date(occurredAt),
  gb,
});

const averages = (days: readonly StorageDay[]) => days.map(({ averageGb }) => averageGb.toFixed());

const history = fc
  .array(
    fc.record({
      occurredAt: fc.date({
        min: periodStart(JANUARY),
        max: new Date(periodEnd(MARCH).getTime() - 1),
        noInvalidDate: true,
      }),
      gb: fc.integer({ min: 0, max: 10 ** 9 }).map((milli) => new Big(milli).div(1_000).toFixed()),
    }),
    { maxLength: 12 },
  )
  .map((levels) => levels.map((each, index): StorageLevel => ({ ...each, eventId: `e${index}` })));

/** By the rules that bills are made with. */
function monthsGbMs(disks: readonly (readonly StorageLevel[])[], period: BillingPeriod): Big {
  const totals = disks.flatMap((levels): (readonly [BillingPeriod, StorageTotal])[] => [
    ...storageChanges([], levels),
  ]);
  return storageGbMs(period, totals);
}

const sum = (values: readonly Big[]): Big => values.reduce((total, value) => total.plus(value), new Big(0));

describe('storage by day', () => {
  it('adds up to the GB × time of the month that is billed, whatever the disks hold', () => {
    fc.assert(
      fc.property(fc.array(history, { maxLength: 3 }), (disks) => {
        for (const period of periodsBetween(JANUARY, MARCH)) {
          const until = disks.map((levels) =>
            levels.filter(({ occurredAt }) => occurredAt < periodEnd(period)),
          );
          const days = storageByDay(period, until, LATER);
          expect(days).toHaveLength(periodLengthMs(period) / DAY_MS);
          expect(sum(days.map(({ gbMs }) => gbMs)).toFixed()).toBe(monthsGbMs(disks, period).toFixed());
        }
      }),
    );
  });

  it('rated, adds up to the quantity of the bill’s line, to its last decimal', () => {
    fc.assert(
      fc.property(fc.array(history, { maxLength: 3 }), (disks) => {
        const held = storageByDay(MARCH, disks, LATER).map(({ day, gbMs }) => [day, gbMs] as const);
        const days = rateDays('storage_gb_month', MARCH, held, '15');
        const gbMonths = monthsGbMs(disks, MARCH).div(periodLengthMs(MARCH));
        expect(sum(days.map(({ quantity }) => new Big(quantity))).toFixed()).toBe(
          gbMonths.round(12).toFixed(),
        );
        const cents = sum(days.map(({ amountCents }) => new Big(amountCents)));
        expect(cents.minus(gbMonths.times(15)).abs().lt('1e-18')).toBe(true);
        expect(days.filter(({ quantity, amountCents }) => /-/.test(quantity + amountCents))).toEqual([]);
      }),
    );
  });

  it('weighs a level by the time of the day that it is held', () => {
    const disk = [level('8', '2024-02-02T12:00:00Z'), level('2', '2024-02-03T06:00:00Z')];
    expect(averages(storageByDay(FEBRUARY, [disk], LATER)).slice(0, 5)).toEqual(['0', '4', '3.5', '2', '2']);
  });

  it('carries what was held before the month, and adds up disks', () => {
    const disks = [
      [level('1', '2022-01-01T00:00:00Z'), level('5', '2023-12-31T23:59:59.999Z')],
      [level('3', '2024-02-29T00:00:00Z')],
    ];
    const days = storageByDay(FEBRUARY, disks, LATER);
    expect(averages(days)).toEqual([...Array.from({ length: 28 }, () => '5'), '8']);
  });

  it('ends with now: of today it is the average so far, and of the days to come nothing', () => {
    const disk = [level('4', '2024-02-01T00:00:00Z'), level('10', '2024-02-03T06:00:00Z')];
    const days = storageByDay(FEBRUARY, [disk], new Date('2024-02-03T12:00:00Z'));
    expect(days.map(({ day }) => day)).toEqual(['2024-02-01', '2024-02-02', '2024-02-03']);
    expect(averages(days)).toEqual(['4', '4', '7']);
    expect(days[2]?.gbMs.toFixed()).toBe(new Big(7).times(DAY_MS / 2).toFixed());
  });

  it('has today from its first instant on, and no day of a month to come', () => {
    const disk = [level('4', '2024-02-01T00:00:00Z')];
    const days = storageByDay(FEBRUARY, [disk], new Date('2024-02-02T00:00:00Z'));
    expect(days.map(({ day, gbMs }) => [day, gbMs.toFixed()])).toEqual([
      ['2024-02-01', String(4 * DAY_MS)],
      ['2024-02-02', '0'],
    ]);
    expect(storageByDay(MARCH, [disk], new Date('2024-02-29T23:59:59.999Z'))).toEqual([]);
  });

  it('takes no notice of a level that a fast clock sent ahead of now', () => {
    const disk = [level('4', '2024-02-01T00:00:00Z'), level('9', '2024-02-01T12:04:00Z')];
    expect(averages(storageByDay(FEBRUARY, [disk], new Date('2024-02-01T12:00:00Z')))).toEqual(['4']);
  });

  it('of two levels at one instant counts the one with the greater event id', () => {
    const disk = [level('2', '2024-02-01T00:00:00Z', 'b'), level('1', '2024-02-01T00:00:00Z', 'a')];
    expect(new Set(averages(storageByDay(FEBRUARY, [disk], LATER)))).toEqual(new Set(['2']));
  });
});
