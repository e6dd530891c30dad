import type { Stripe } from 'stripe';
import type { Database } from '../db/database.ts';
import {
  ensurePriceList,
  listStripeProducts,
  type StripeProduct,
  type StripeProductIds,
  saveStripeProductIds,
} from '../db/price-list.ts';
import type { Mode } from '../domain/mode.ts';
import { CURRENCY } from '../domain/money.ts';
import { PRICE_LIST, PRODUCTS, type PriceListItem, type Product } from '../domain/price-list.ts';
import { type StripeClient, stripeDecimal } from './stripe-client.ts';

/** Marks what we made in Stripe, so that a second run finds it again. */
const PRODUCT_METADATA_KEY = 'durable_billing_product';
/** What a meter of ours counts; nobody posts such events, since usage would be billed twice. */
export const meterEventName = (product: Product) => `durable_billing_${product}`;
const priceLookupKey = (product: Product) => `durable_billing_${product}`;

/** A price that the Dashboard or an earlier run has, and that cannot serve. */
export class UnusablePriceError extends Error {
  constructor(product: Product, priceId: string, problem: string) {
    super(`The price ${priceId} can't serve for ${product}: ${problem}`);
    this.name = 'UnusablePriceError';
  }
}

/**
 * Makes sure that Stripe has a product, a price and, for what is metered, a meter for each line of the price list, and
 * that `stripe_products` knows their ids. What exists is adopted: a second run changes nothing. Prices named in the
 * environment (made in the Dashboard, as the seed says) come first.
 *
 * @throws UnusablePriceError when a price that was found or named is of the wrong kind.
 */
export async function setUpStripe<M extends Mode>(
  db: Database,
  stripe: StripeClient<M>,
  mode: NoInfer<M>,
  configuredPriceIds: Readonly<Partial<Record<Product, string>>> = {},
): Promise<StripeProduct[]> {
  await ensurePriceList(db, mode);
  for (const product of PRODUCTS) {
    const item = PRICE_LIST[product];
    const priceId = configuredPriceIds[product];
    const price =
      priceId === undefined
        ? ((await findPrice(stripe, product)) ?? (await createPrice(stripe, item)))
        : await stripe.prices.retrieve(priceId);
    await saveStripeProductIds(db, mode, product, usableIds(item, price));
  }
  return await listStripeProducts(db, mode);
}

/**
 * Takes the prices that the environment names into `stripe_products`, and makes nothing in Stripe.
 *
 * @throws UnusablePriceError when one of them is of the wrong kind.
 */
export async function adoptConfiguredPrices<M extends Mode>(
  db: Database,
  stripe: StripeClient<M>,
  mode: NoInfer<M>,
  configuredPriceIds: Readonly<Partial<Record<Product, string>>>,
): Promise<void> {
  for (const product of PRODUCTS) {
    const priceId = configuredPriceIds[product];
    if (priceId === undefined) continue;
    const ids = usableIds(PRICE_LIST[product], await stripe.prices.retrieve(priceId));
    await saveStripeProductIds(db, mode, product, ids);
  }
}

async function findPrice(stripe: StripeClient, product: Product): Promise<Stripe.Price | undefined> {
  const prices = await stripe.prices.list({ lookup_keys: [priceLookupKey(product)], active: true, limit: 1 });
  return prices.data[0];
}

async function createPrice(stripe: StripeClient, item: PriceListItem): Promise<Stripe.Price> {
  const { product, displayName } = item;
  const stripeProduct =
    (await findProduct(stripe, product)) ??
    (await stripe.products.create({ name: displayName, metadata: { [PRODUCT_METADATA_KEY]: product } }));
  return await stripe.prices.create({
    product: stripeProduct.id,
    currency: CURRENCY,
    unit_amount_decimal: stripeDecimal(item.unitPriceCents),
    lookup_key: priceLookupKey(product),
    ...(item.aggregation === null ? {} : { recurring: await meteredRecurring(stripe, item) }),
  });
}

/** What a run that broke off has left. */
async function findProduct(stripe: StripeClient, product: Product): Promise<Stripe.Product | undefined> {
  for await (const each of stripe.products.list({ active: true, limit: 100 })) {
    if (each.metadata[PRODUCT_METADATA_KEY] === product) return each;
  }
  return undefined;
}

async function meteredRecurring(
  stripe: StripeClient,
  item: PriceListItem,
): Promise<Stripe.PriceCreateParams.Recurring> {
  const eventName = meterEventName(item.product);
  for await (const meter of stripe.billing.meters.list({ status: 'active', limit: 100 })) {
    if (meter.event_name === eventName) return { interval: 'month', usage_type: 'metered', meter: meter.id };
  }
  const meter = await stripe.billing.meters.create({
    display_name: item.displayName,
    event_name: eventName,
    default_aggregation: { formula: 'sum' },
  });
  return { interval: 'month', usage_type: 'metered', meter: meter.id };
}

function usableIds(item: PriceListItem, price: Stripe.Price): StripeProductIds {
  const refuse = (problem: string) => new UnusablePriceError(item.product, price.id, problem);
  if (!price.active) throw refuse('it is archived');
  if (price.currency !== CURRENCY) throw refuse(`it is in ${price.currency}, not ${CURRENCY}`);
  if (item.aggregation !== null && price.recurring?.usage_type !== 'metered')
    throw refuse('it must be recurring and metered');
  if (item.aggregation === null && price.recurring !== null) throw refuse('it must be one-time');
  return {
    stripeProductId: typeof price.product === 'string' ? price.product : price.product.id,
    stripePriceId: price.id,
    stripeMeterId: price.recurring?.meter ?? null,
  };
}
