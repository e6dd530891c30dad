import { type BillingPeriod, periodEnd, periodStart } from './billing-period.ts';

/** A day in UTC, `YYYY-MM-DD`. Each has 24 hours. */
export type Day = string;

/** Milliseconds of a day in UTC: no daylight saving, and no leap seconds in Unix time. */
export const DAY_MS = 24 * 60 * 60_000;

/** The day that `instant` falls into. */
export function dayOf(instant: Date): Day {
  return instant.toISOString().slice(0, 10);
}

/** First instant of the day (inclusive). */
export function dayStart(day: Day): Date {
  return new Date(`${day}T00:00:00.000Z`);
}

/** All days of the month, in order. */
export function daysOf(period: BillingPeriod): Day[] {
  const days: Day[] = [];
  for (let at = periodStart(period).getTime(); at < periodEnd(period).getTime(); at += DAY_MS)
    days.push(dayOf(new Date(at)));
  return days;
}

/** The days of the month that had begun at `now`: of a month that is over all, of one to come none. */
export function daysBegun(period: BillingPeriod, now: Date): Day[] {
  return daysOf(period).filter((day) => day <= dayOf(now));
}
