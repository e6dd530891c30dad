import type { Selectable } from 'kysely';
import type { UnitPrices } from '../domain/bill.ts';
import type { Mode } from '../domain/mode.ts';
import { type MeteredProduct, PRICE_LIST, PRODUCTS, type Product } from '../domain/price-list.ts';
import type { Database } from './database.ts';
import type { StripeProductsTable } from './schema.ts';

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
 * Cents for one unit of each metered product.
 *
 * @throws Error when the mode has no price list yet ({@link ensurePriceList}).
 */
export async function loadUnitPrices(db: Pick<Database, 'selectFrom'>, mode: Mode): Promise<UnitPrices> {
  const rows = await db
    .selectFrom('stripe_products')
    .select(['product', 'unit_price_cents'])
    .where('mode', '=', mode)
    .execute();
  const prices = new Map(rows.map((row) => [row.product, row.unit_price_cents]));
  const priceOf = (product: MeteredProduct) => {
    const price = prices.get(product);
    if (price === undefined) throw new Error(`stripe_products has no price of ${product} in ${mode} mode`);
    return price;
  };
  return {
    cpu_hour: priceOf('cpu_hour'),
    gpu_hour: priceOf('gpu_hour'),
    storage_gb_month: priceOf('storage_gb_month'),
    api_calls: priceOf('api_calls'),
  };
}
