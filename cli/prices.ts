import { Big } from 'big.js';
import { ensurePriceList, listPriceChanges, listStripeProducts, setUnitPrice } from '../db/price-list.ts';
import type { BillingPeriod } from '../domain/billing-period.ts';
import type { Mode } from '../domain/mode.ts';
import { type DecimalString, formatUnitPrice } from '../domain/money.ts';
import { type MeteredProduct, PRICE_LIST } from '../domain/price-list.ts';
import { right, say, table } from './console.ts';
import { type CliContext, UsageError } from './context.ts';

/** Prints what each product costs, and from which month on. */
export async function showPrices(context: CliContext, mode: Mode): Promise<void> {
  const { products, changes } = await context.withDatabase(async (db) => {
    await ensurePriceList(db, mode);
    return { products: await listStripeProducts(db, mode), changes: await listPriceChanges(db, mode) };
  });
  const rows = products.flatMap(({ product, unit_price_cents: first }) => [
    [PRICE_LIST[product].displayName, 'the beginning', formatUnitPrice(first)],
    ...changes
      .filter((change) => change.product === product)
      .map((change) => ['', change.fromPeriod, formatUnitPrice(change.unitPriceCents)]),
  ]);
  say(table([{ name: 'Product' }, { name: 'From' }, right('Unit price')], rows));
}

/**
 * Changes what a product costs from a month on.
 *
 * @throws PastPriceError when that month is over.
 */
export async function setPrice(
  context: CliContext,
  change: {
    readonly mode: Mode;
    readonly product: MeteredProduct;
    readonly fromPeriod: BillingPeriod;
    readonly unitPriceCents: DecimalString;
  },
): Promise<void> {
  await context.withDatabase(async (db) => {
    await ensurePriceList(db, change.mode);
    await setUnitPrice(db, change);
  });
  const { displayName } = PRICE_LIST[change.product];
  say(
    `${displayName} (${change.mode}) costs ${formatUnitPrice(change.unitPriceCents)} when it is used in ${change.fromPeriod} or later.`,
  );
}

const DOLLARS = /^\d{1,9}(\.\d{1,12})?$/;

/** `0.12` → 12 cents. @throws UsageError for what is no price, and for nothing at all: a price is more than 0. */
export function parseDollars(text: string): DecimalString {
  if (!DOLLARS.test(text) || new Big(text).eq(0))
    throw new UsageError(`"${text}" is no price; write dollars for one unit, such as 0.12 or 0.00001`);
  return new Big(text).times(100).toFixed();
}
