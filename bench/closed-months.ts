import { type BillingPeriod, periodClosedAt, previousPeriod } from '../domain/billing-period.ts';

/** The last months that are over, oldest first. */
export function closedMonths(count: number): BillingPeriod[] {
  const months = [periodClosedAt(new Date())];
  while (months.length < count) months.unshift(previousPeriod(months[0] ?? periodClosedAt(new Date())));
  return months;
}
