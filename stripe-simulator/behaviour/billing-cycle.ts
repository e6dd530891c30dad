/** When a subscription's periods begin and end. All of it in UTC, in unix seconds. */
import type { Price, Subscription } from '../wire.ts';

export type AnchorConfig = NonNullable<Subscription['billing_cycle_anchor_config']>;
type Recurring = NonNullable<Price['recurring']>;

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

/** `count` intervals after `start`: the same day of a later month, or its last if it is shorter. */
export function addInterval(
  start: number,
  { interval, interval_count: count }: Pick<Recurring, 'interval' | 'interval_count'>,
): number {
  switch (interval) {
    case 'day':
      return start + count * 86_400;
    case 'week':
      return start + count * 7 * 86_400;
    case 'year':
      return addMonths(start, count * 12);
    default:
      return addMonths(start, count);
  }
}

function addMonths(start: number, months: number): number {
  const from = new Date(start * 1_000);
  const year = from.getUTCFullYear();
  const month = from.getUTCMonth() + months;
  const day = Math.min(from.getUTCDate(), daysInMonth(year, month));
  return Math.floor(
    Date.UTC(year, month, day, from.getUTCHours(), from.getUTCMinutes(), from.getUTCSeconds()) / 1_000,
  );
}

/** `month` counts from 0 and may run over into later years. */
function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
}
