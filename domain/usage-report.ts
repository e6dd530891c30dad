import type { Big } from 'big.js';
import { rateBill, type UnitPrices } from './bill.ts';
import { type BillingPeriod, billingPeriodOf, periodLengthMs, periodStart } from './billing-period.ts';
import { type DecimalString, sumCents } from './money.ts';
import { METERED_PRODUCTS, type MeteredProduct, PRICE_LIST } from './price-list.ts';

/** A month's usage of each product in base units (domain/bill.ts): a product that was not used may be missing. */
export type MonthlyUsage = ReadonlyMap<MeteredProduct, Big>;

/** What a month's usage of one product comes to. */
export interface UsageLine {
  readonly product: MeteredProduct;
  /** In the unit of the price list. */
  readonly quantity: DecimalString;
  /** Of that month, for one unit; may be a fraction of a cent. */
  readonly unitPriceCents: DecimalString;
  /** Rounded once, as the line of a bill is (domain/bill.ts). */
  readonly amountCents: number;
}

/**
 * What a month's usage comes to, a line for each product on the price list, rated as its bill will be.
 * Of storage a running month's line holds the present level to the month's end, since that is what its total says.
 */
export function usageLines(
  period: BillingPeriod,
  used: MonthlyUsage,
  unitPricesCents: UnitPrices,
): UsageLine[] {
  const usage = Array.from(used, ([product, quantity]) => ({ product, usagePeriod: period, quantity }));
  const { lines } = rateBill({ period, usage, unitPricesCents, creditBalanceCents: 0 });
  return METERED_PRODUCTS.map((product) => {
    const line = lines.find((rated) => rated.product === product);
    return {
      product,
      quantity: line?.quantity ?? '0',
      unitPriceCents: unitPricesCents(product, period),
      amountCents: line?.amountCents ?? 0,
    };
  });
}

const HOUR_MS = 3_600_000;

/**
 * What the running month will come to if it goes on as it began, in cents: what is summed grows in proportion to time, what
 * is held stays. In its first hour the month counts as an hour old, so that one event can't make a fortune.
 *
 * @returns `null` when `period` is not the month of `now`.
 */
export function estimateCents(
  period: BillingPeriod,
  used: MonthlyUsage,
  unitPricesCents: UnitPrices,
  now: Date,
): number | null {
  if (billingPeriodOf(now) !== period) return null;
  const elapsedMs = Math.max(now.getTime() - periodStart(period).getTime(), HOUR_MS);
  const projected = new Map(
    Array.from(used, ([product, quantity]) => [
      product,
      PRICE_LIST[product].aggregation === 'sum'
        ? quantity.times(periodLengthMs(period)).div(elapsedMs)
        : quantity,
    ]),
  );
  return sumCents(usageLines(period, projected, unitPricesCents).map((line) => line.amountCents));
}
