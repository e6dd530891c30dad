import type { Selectable } from 'kysely';
import type { UnitPrices } from '../domain/bill.ts';
import { type BillingPeriod, billingPeriodOf } from '../domain/billing-period.ts';
import type { Mode } from '../domain/mode.ts';
import type { DecimalString } from '../domain/money.ts';
import { PRICE_LIST, PRODUCTS, type PriceChange, type Product, unitPriceIn } from '../domain/price-list.ts';
import type { Database } from './database.ts';
import type { StripeProductsTable } from './schema.ts';

/**
 * A product of a mode's price list. Its unit price is the one that the list began with: changes are in
 * `price_changes`.
 */
export type StripeProduct = Selectable<StripeProductsTable>;

/** Stripe's ids of one product on the price list. */
export interface StripeProductIds {
  readonly stripeProductId: string | null;
  readonly stripePriceId: string | null;
  readonly stripeMeterId: string | null;
}

/** Writes the price list of a mode where it is missing. Prices that are there stay as they are. */
export async function ensurePriceList(db: Database, mode: Mode): Promise<void> {
  await db
    .insertInto('stripe_products')
    .values(
      PRODUCTS.map((product) => ({ mode, product, unit_price_cents: PRICE_LIST[product].unitPriceCents })),
    )
    .onConflict((conflict) => conflict.columns(['mode', 'product']).doNothing())
    .execute();
}

/** Writes what Stripe calls a product of ours over what was written before; `null` forgets it. */
export async function saveStripeProductIds(
  db: Database,
  mode: Mode,
  product: Product,
  ids: StripeProductIds,
): Promise<void> {
  await db
    .updateTable('stripe_products')
    .set({
      stripe_product_id: ids.stripeProductId,
      stripe_price_id: ids.stripePriceId,
      stripe_meter_id: ids.stripeMeterId,
    })
    .where('mode', '=', mode)
    .where('product', '=', product)
    .execute();
}

/** The mode's price list with Stripe's ids, in the order of the price list. */
export async function listStripeProducts(db: Database, mode: Mode): Promise<StripeProduct[]> {
  const rows = await db.selectFrom('stripe_products').selectAll().where('mode', '=', mode).execute();
  return rows.toSorted((a, b) => PRODUCTS.indexOf(a.product) - PRODUCTS.indexOf(b.product));
}

/**
 * What usage of each month costs.
 *
 * @throws Error when asked for a product that the mode's price list does not have ({@link ensurePriceList}).
 */
export async function loadUnitPrices(db: Pick<Database, 'selectFrom'>, mode: Mode): Promise<UnitPrices> {
  const rows = await db
    .selectFrom('stripe_products')
    .select(['product', 'unit_price_cents'])
    .where('mode', '=', mode)
    .execute();
  const firstPrices = new Map<Product, DecimalString>(rows.map((row) => [row.product, row.unit_price_cents]));
  const changes = await listPriceChanges(db, mode);
  return (product, usagePeriod) => {
    const first = firstPrices.get(product);
    if (first === undefined) throw new Error(`stripe_products has no price of ${product} in ${mode} mode`);
    return unitPriceIn(usagePeriod, product, first, changes);
  };
}

/** The mode's price changes, oldest first. */
export async function listPriceChanges(db: Pick<Database, 'selectFrom'>, mode: Mode): Promise<PriceChange[]> {
  const rows = await db
    .selectFrom('price_changes')
    .select(['product', 'from_period', 'unit_price_cents'])
    .where('mode', '=', mode)
    .orderBy('from_period')
    .orderBy('product')
    .execute();
  return rows.map((row) => ({
    product: row.product,
    fromPeriod: row.from_period,
    unitPriceCents: row.unit_price_cents,
  }));
}

/** A price for a month whose usage may be on bills already. */
class PastPriceError extends Error {
  override readonly name = 'PastPriceError';

  constructor(fromPeriod: BillingPeriod, current: BillingPeriod) {
    super(`A price can't change from ${fromPeriod} on: that month is over. The earliest is ${current}.`);
  }
}

/**
 * Sets what a unit costs when it is used in `fromPeriod` or later, until the next change. Set again for the same month, the
 * later price holds.
 *
 * @throws PastPriceError when that month was over at `now`: what is over costs what it cost. Not retryable.
 */
export async function setUnitPrice(
  db: Database,
  change: PriceChange & { readonly mode: Mode },
  now: Date = new Date(),
): Promise<void> {
  const current = billingPeriodOf(now);
  if (change.fromPeriod < current) throw new PastPriceError(change.fromPeriod, current);
  await db
    .insertInto('price_changes')
    .values({
      mode: change.mode,
      product: change.product,
      from_period: change.fromPeriod,
      unit_price_cents: change.unitPriceCents,
    })
    .onConflict((conflict) =>
      conflict.columns(['mode', 'product', 'from_period']).doUpdateSet((row) => ({
        unit_price_cents: row.ref('excluded.unit_price_cents'),
        changed_at: now,
      })),
    )
    .execute();
}
