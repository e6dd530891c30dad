/**
 * A billing period is a calendar month in UTC, named `YYYY-MM`, and half-open: `[periodStart, periodEnd)`.
 * An instant at the very start of a month belongs to that month, so every instant is in exactly one period.
 */
export type BillingPeriod = string & { readonly __brand: 'BillingPeriod' };

/** Four digits, and so have the months beside the first and the last, which can be computed with and not named. */
const PERIOD_PATTERN = /^(?!9999)([1-9]\d{3})-(0[1-9]|1[0-2])$/;

/** Whether `text` names a period, that is a year and a month as in `2026-10`. */
export function isBillingPeriod(text: string): text is BillingPeriod {
  return PERIOD_PATTERN.test(text);
}

/** The period that `text` names, where it must name one. @throws RangeError when it is not of the form `YYYY-MM`. */
export function parseBillingPeriod(text: string): BillingPeriod {
  if (!isBillingPeriod(text))
    throw new RangeError(`"${text}" is not a billing period; write it as YYYY-MM, such as 2026-10`);
  return text;
}

/** The period that `instant` falls into. */
export function billingPeriodOf(instant: Date): BillingPeriod {
  return parseBillingPeriod(instant.toISOString().slice(0, 7));
}

/** First instant of the period (inclusive). */
export function periodStart(period: BillingPeriod): Date {
  return new Date(`${period}-01T00:00:00.000Z`);
}

/** First instant after the period (exclusive). */
export function periodEnd(period: BillingPeriod): Date {
  return periodStart(nextPeriod(period));
}

/** Real length of the month in milliseconds: 28 to 31 days. UTC has no daylight saving, so each day has 24 hours. */
export function periodLengthMs(period: BillingPeriod): number {
  return periodEnd(period).getTime() - periodStart(period).getTime();
}

/** The month after. */
export function nextPeriod(period: BillingPeriod): BillingPeriod {
  return shiftMonths(period, 1);
}

/** The month before. */
export function previousPeriod(period: BillingPeriod): BillingPeriod {
  return shiftMonths(period, -1);
}

/** Every period from `first` to `last`, both included. */
export function periodsBetween(first: BillingPeriod, last: BillingPeriod): BillingPeriod[] {
  const periods: BillingPeriod[] = [];
  for (let period = first; period <= last; period = nextPeriod(period)) periods.push(period);
  return periods;
}

/** The period that had ended when a close scheduled for `instant` starts: the month before the one of `instant`. */
export function periodClosedAt(instant: Date): BillingPeriod {
  return previousPeriod(billingPeriodOf(instant));
}

/** The last periods that had ended at `now`, oldest first. */
export function closedPeriods(now: Date, count: number): BillingPeriod[] {
  const last = periodClosedAt(now);
  return Array.from({ length: count }, (_, index) => shiftMonths(last, index + 1 - count));
}

function shiftMonths(period: BillingPeriod, months: number): BillingPeriod {
  const start = periodStart(period);
  const shifted = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + months, 1));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a month beside the last that can be named is one as well
  return shifted.toISOString().slice(0, 7) as BillingPeriod;
}
