import { Big } from 'big.js';
import type { RatedBill } from './bill.ts';
import { type BillingPeriod, previousPeriod } from './billing-period.ts';
import { formatCents } from './money.ts';

/** From when on a bill is so far from what its customer is used to that a person must look at it before it goes out. */
export interface OutlierRule {
  /** This many times the greatest of the last months; more than 1. */
  readonly factor: number;
  /** And at least this much more: nobody needs to look at $5 after $1. */
  readonly minimumCents: number;
}

/** How many months a bill is compared with. */
const COMPARED_MONTHS = 6;

/** With fewer there is nothing to compare with: a first month is often a partial one. */
const FEWEST_BILLS = 2;

/** The first of the months that a bill of `period` is compared with; the last is the one before it. */
export function firstComparedPeriod(period: BillingPeriod): BillingPeriod {
  let first = period;
  for (let months = 0; months < COMPARED_MONTHS; months += 1) first = previousPeriod(first);
  return first;
}

/**
 * Why a bill is an outlier, as a sentence for a person; `null` when it is none. What counts is what was used, before credits; but
 * a bill of $0.00 charges nobody, and is none.
 *
 * @param earlierCents what was used in each month with a bill among those that it is compared with.
 */
export function outlierReason(
  { totalCents, creditsAppliedCents }: Pick<RatedBill, 'totalCents' | 'creditsAppliedCents'>,
  earlierCents: readonly number[],
  { factor, minimumCents }: OutlierRule,
): string | null {
  if (totalCents === 0 || earlierCents.length < FEWEST_BILLS) return null;
  const usedCents = totalCents + creditsAppliedCents;
  // Months of corrections alone are months of nothing.
  const mostCents = Math.max(0, ...earlierCents);
  const isOutlier = new Big(mostCents).times(factor).lte(usedCents) && usedCents - mostCents >= minimumCents;
  if (!isOutlier) return null;
  const most = `the most of the last ${COMPARED_MONTHS} months`;
  if (mostCents === 0) return `${formatCents(usedCents)}, and ${most} is ${formatCents(0)}`;
  return `${formatCents(usedCents)} is ${times(usedCents, mostCents)} times ${most} (${formatCents(mostCents)})`;
}

/** With one decimal, never more than it is. */
function times(cents: number, of: number): string {
  return new Big(cents).div(of).round(1, Big.roundDown).toFixed();
}
