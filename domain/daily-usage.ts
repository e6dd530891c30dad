import { Big } from 'big.js';
import { baseUnitsPerUnit } from './bill.ts';
import type { BillingPeriod } from './billing-period.ts';
import type { Day } from './days.ts';
import type { DecimalString } from './money.ts';
import type { MeteredProduct } from './price-list.ts';

/** What was used on one day, and what it costs. To look at: bills are made of months. */
export interface DailyUsage {
  readonly day: Day;
  /** In the unit of the price list. */
  readonly quantity: DecimalString;
  /** Cents, with their decimals: exact where events are summed, to 20 decimals for storage. */
  readonly amountCents: DecimalString;
}

/** Of each product that was used in a month, in the order of the price list, its days from the first on. */
export type DailyUsageByProduct = ReadonlyMap<MeteredProduct, readonly DailyUsage[]>;

/** As many as a bill's line shows (domain/bill.ts), and an event may have: only of storage are there ever more. */
const QUANTITY_DECIMALS = 12;

/**
 * What the days of a month come to. What has too many decimals is rounded such that the days add up to the month: each day is
 * the rounded sum so far minus the one before.
 *
 * @param used of each day, in order, in the product's base unit (domain/bill.ts).
 */
export function rateDays(
  product: MeteredProduct,
  period: BillingPeriod,
  used: Iterable<readonly [Day, Big]>,
  unitPriceCents: DecimalString,
): DailyUsage[] {
  const perUnit = baseUnitsPerUnit(product, period);
  let sum = new Big(0);
  const quantityOf = () => sum.div(perUnit).round(QUANTITY_DECIMALS);
  const centsOf = () => sum.times(unitPriceCents).div(perUnit);
  return Array.from(used, ([day, quantity]) => {
    const before = { quantity: quantityOf(), cents: centsOf() };
    sum = sum.plus(quantity);
    return {
      day,
      quantity: quantityOf().minus(before.quantity).toFixed(),
      amountCents: centsOf().minus(before.cents).toFixed(),
    };
  });
}
