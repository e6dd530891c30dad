import { Big } from 'big.js';
import { type BillingPeriod, periodEnd, periodStart } from './billing-period.ts';
import { DAY_MS, type Day, dayOf, dayStart, daysBegun } from './days.ts';
import { inOrder, type StorageLevel } from './storage.ts';

/** What was held on one day. */
export interface StorageDay {
  readonly day: Day;
  /** GB × milliseconds, exact; of the day of `now` until then. */
  readonly gbMs: Big;
  /** Time-weighted over the day, or what of it is over at `now`. */
  readonly averageGb: Big;
}

/**
 * What was held on each day of `period` that has begun at `now`. For a month that is over, the GB × milliseconds of its days
 * add up to those of the month (`storageGbMs`).
 *
 * @param disks of each resource its levels up to the end of the month, in any order. Of those before the month, the ones of the
 *   last instant are enough.
 */
export function storageByDay(
  period: BillingPeriod,
  disks: Iterable<readonly StorageLevel[]>,
  now: Date,
): StorageDay[] {
  const gbMs = new Map(daysBegun(period, now).map((day) => [day, new Big(0)]));
  const end = Math.min(periodEnd(period).getTime(), now.getTime());
  for (const levels of disks) {
    for (const { gb, from, to } of stretchesOf(levels, periodStart(period).getTime(), end)) {
      for (const [day, ms] of spread(from, to)) gbMs.set(day, new Big(gb).times(ms).plus(gbMs.get(day) ?? 0));
    }
  }
  return Array.from(gbMs, ([day, held]) => {
    const elapsedMs = Math.min(now.getTime() - dayStart(day).getTime(), DAY_MS);
    return { day, gbMs: held, averageGb: elapsedMs === 0 ? held : held.div(elapsedMs) };
  });
}

/** For how long, between `start` and `end`, one resource holds how much. Instants in Unix milliseconds. */
function stretchesOf(levels: readonly StorageLevel[], start: number, end: number) {
  const ordered = inOrder(levels);
  return ordered
    .map(({ gb, occurredAt }, index) => ({
      gb,
      from: Math.max(occurredAt.getTime(), start),
      to: Math.min(ordered[index + 1]?.occurredAt.getTime() ?? end, end),
    }))
    .filter(({ from, to }) => from < to);
}

/** How many milliseconds of each day are between two instants. */
function spread(from: number, to: number): [Day, number][] {
  const parts: [Day, number][] = [];
  for (let at = from; at < to; ) {
    const day = dayOf(new Date(at));
    const until = Math.min(dayStart(day).getTime() + DAY_MS, to);
    parts.push([day, until - at]);
    at = until;
  }
  return parts;
}
