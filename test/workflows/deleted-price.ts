import type { RunningBilling } from '../../chaos/world/running-billing.ts';
import { listStripeProducts, saveStripeProductIds } from '../../db/price-list.ts';
import type { MeteredProduct } from '../../domain/price-list.ts';

/**
 * Has Stripe refuse for good, meanwhile, to make a subscription: as if somebody had deleted a price there.
 *
 * @param deletedPriceId by which Stripe's message calls it.
 */
export async function whilePriceIsDeleted<Result>(
  { db }: Pick<RunningBilling, 'db'>,
  product: MeteredProduct,
  work: () => Promise<Result>,
  deletedPriceId = 'price_that_was_deleted',
): Promise<Result> {
  const good = (await listStripeProducts(db, 'test')).find((row) => row.product === product);
  const savePrice = (stripePriceId: string | null) =>
    saveStripeProductIds(db, 'test', product, {
      stripeProductId: good?.stripe_product_id ?? null,
      stripePriceId,
      stripeMeterId: good?.stripe_meter_id ?? null,
    });
  await savePrice(deletedPriceId);
  try {
    return await work();
  } finally {
    await savePrice(good?.stripe_price_id ?? null);
  }
}
