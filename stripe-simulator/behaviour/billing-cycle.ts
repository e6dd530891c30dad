/** When a subscription's periods begin and end. All of it in UTC, in unix seconds. */
import { DAY_SECONDS } from '../clock.ts';
import type { Price, Subscription } from '../wire.ts';

/** A `billing_cycle_anchor_config`: the day of the month, and the rest of the moment where it is not null. */
export type AnchorConfig = NonNullable<Subscription['billing_cycle_anchor_config']>;
type Recurring = Pick<NonNullable<Price['recurring']>, 'interval' | 'interval_count'>;

/** From `start` (inclusive) to `end` (exclusive), both in unix seconds. */
export interface Period {
  start: number;
  end: number;
}

/** Where the periods of a subscription are counted from. */
export interface Cycle {
  /** The end of one of the periods. */
  anchor: number;
  /** The day of the month that is meant, where the anchor's own month was too short for it. */
  dayOfMonth?: number | undefined;
}

/** The cycle by which a stored subscription renews. */
export function cycleOf(subscription: Subscription): Cycle {
  return {
    anchor: subscription.billing_cycle_anchor,
    dayOfMonth: subscription.billing_cycle_anchor_config?.day_of_month,
  };
}

/** The first moment after `now` that the configuration describes; a day the month doesn't have is its last. */
export function nextAnchor(config: AnchorConfig, now: number): number {
  const from = new Date(now * 1_000);
  for (let offset = 0; offset <= 24; offset += 1) {
    const month = from.getUTCMonth() + offset;
    if (config.month !== null && (month % 12) + 1 !== config.month) continue;
    const candidate = Math.floor(
      Date.UTC(
        from.getUTCFullYear(),
        month,
        Math.min(config.day_of_month, daysInMonth(from.getUTCFullYear(), month)),
        config.hour ?? from.getUTCHours(),
        config.minute ?? from.getUTCMinutes(),
        config.second ?? from.getUTCSeconds(),
      ) / 1_000,
    );
    if (candidate > now) return candidate;
  }
  return now;
}

/**
 * The first end of a period after `moment`. It is counted from the anchor, not from the last period: after a February
 * that ended on the 28th, March ends on the 31st again.
 */
export function nextPeriodEnd({ anchor, dayOfMonth }: Cycle, recurring: Recurring, moment: number): number {
  const { interval, interval_count: count } = recurring;
  if (interval === 'day' || interval === 'week') {
    const length = count * (interval === 'week' ? 7 : 1) * DAY_SECONDS;
    return anchor + (Math.floor((moment - anchor) / length) + 1) * length;
  }
  const step = count * (interval === 'year' ? 12 : 1);
  let periods = Math.floor(monthsBetween(anchor, moment) / step) - 1;
  let end = addMonths(anchor, periods * step, dayOfMonth);
  while (end <= moment) {
    periods += 1;
    end = addMonths(anchor, periods * step, dayOfMonth);
  }
  return end;
}

/** `count` intervals after `start`: the same day of a later month, or its last if it is shorter. */
export function addInterval(start: number, { interval, interval_count: count }: Recurring): number {
  switch (interval) {
    case 'day':
      return start + count * DAY_SECONDS;
    case 'week':
      return start + count * 7 * DAY_SECONDS;
    case 'year':
      return addMonths(start, count * 12);
    default:
      return addMonths(start, count);
  }
}

function addMonths(start: number, months: number, dayOfMonth?: number): number {
  const from = new Date(start * 1_000);
  const year = from.getUTCFullYear();
  const month = from.getUTCMonth() + months;
  const day = Math.min(dayOfMonth ?? from.getUTCDate(), daysInMonth(year, month));
  return Math.floor(
    Date.UTC(year, month, day, from.getUTCHours(), from.getUTCMinutes(), from.getUTCSeconds()) / 1_000,
  );
}

function monthsBetween(from: number, to: number): number {
  const [start, end] = [new Date(from * 1_000), new Date(to * 1_000)];
  return (end.getUTCFullYear() - start.getUTCFullYear()) * 12 + end.getUTCMonth() - start.getUTCMonth();
}

/** `month` counts from 0 and may run over into other years. */
function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
}
