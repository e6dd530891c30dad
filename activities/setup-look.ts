/** What Stripe has of what `setup-stripe` makes. */
import type { Stripe } from 'stripe';
import { PRODUCTS, type Product } from '../domain/price-list.ts';
import type { FoundEndpoint } from '../domain/webhook-endpoint-plan.ts';
import { type FoundPrice, type FoundProduct, meterEventName, type WantedProduct } from './setup-plan.ts';
import { type StripeClient, StripeError } from './stripe-client.ts';

/** In the metadata of products and prices that we made: which product of the price list it is. */
export const PRODUCT_METADATA_KEY = 'durable_billing_product';
/** In the metadata of webhook endpoints that we made: of which mode. */
export const ENDPOINT_METADATA_KEY = 'durable_billing_endpoint';
/** Stripe's `lookup_key` of the price that we made for a product; it moves on when another price takes its place. */
export const priceLookupKey = (product: Product) => `durable_billing_${product}`;

const A_PAGE = { limit: 100 } as const;

/** A restricted key that lacks a permission; the message names it as Stripe's Dashboard does. Not retryable. */
class MissingPermissionError extends Error {
  override readonly name = 'MissingPermissionError';

  constructor(access: 'Read' | 'Write', permission: string) {
    super(
      `The key has no permission to ${access.toLowerCase()} ${permission}: give it "${access}" on ${permission} in Stripe's Dashboard (Developers → API keys), then run this again.`,
    );
  }
}

/** @throws MissingPermissionError where the key may not do what is asked. */
export async function permitted<Result>(
  access: 'Read' | 'Write',
  permission: string,
  ask: () => Promise<Result>,
): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof StripeError && error.statusCode === 403)
      throw new MissingPermissionError(access, permission);
    throw error;
  }
}

/** By product of the price list. */
export async function lookAtCatalog(
  stripe: StripeClient,
  wanted: readonly WantedProduct[],
): Promise<Map<Product, FoundProduct>> {
  const [prices, products, meters] = await Promise.all([
    listPrices(stripe),
    permitted('Read', 'Products', () => allOf(stripe.products.list({ active: true, ...A_PAGE }))),
    permitted('Read', 'Billing Meters', () => allOf(stripe.billing.meters.list(A_PAGE))),
  ]);
  const found = new Map<Product, FoundProduct>();
  for (const { product, named } of wanted) {
    const price =
      named === null
        ? prices.find(({ lookup_key: key }) => key === priceLookupKey(product))
        : await findPrice(stripe, named.priceId);
    const stripeProduct = products.find(({ metadata }) => metadata[PRODUCT_METADATA_KEY] === product);
    const meter = meters.find(
      ({ status, event_name: name }) => status === 'active' && name === meterEventName(product),
    );
    found.set(product, {
      price: price === undefined ? null : foundPrice(price, product, meters),
      stripeProductId: stripeProduct?.id ?? null,
      meter: meter === undefined ? null : { id: meter.id, formula: meter.default_aggregation.formula },
    });
  }
  return found;
}

/**
 * Those of the mode, also other people's: Stripe allows 16.
 *
 * @throws MissingPermissionError where the key may not read them.
 */
export async function listWebhookEndpoints(stripe: StripeClient): Promise<FoundEndpoint[]> {
  const endpoints = await permitted('Read', 'Webhook Endpoints', () =>
    allOf(stripe.webhookEndpoints.list(A_PAGE)),
  );
  return endpoints.map(
    ({ id, url, status, enabled_events: eventTypes, api_version: apiVersion, metadata }) => ({
      id,
      url,
      isEnabled: status === 'enabled',
      eventTypes,
      apiVersion,
      isOurs: metadata[ENDPOINT_METADATA_KEY] !== undefined,
    }),
  );
}

/** Those with a lookup key of ours, archived ones too. */
async function listPrices(stripe: StripeClient): Promise<Stripe.Price[]> {
  return await permitted('Read', 'Prices', () =>
    allOf(
      stripe.prices.list({
        lookup_keys: PRODUCTS.map(priceLookupKey),
        expand: ['data.product'],
        ...A_PAGE,
      }),
    ),
  );
}

async function findPrice(stripe: StripeClient, priceId: string): Promise<Stripe.Price | undefined> {
  try {
    return await permitted('Read', 'Prices', () => stripe.prices.retrieve(priceId, { expand: ['product'] }));
  } catch (error) {
    if (error instanceof StripeError && error.statusCode === 404) return undefined;
    throw error;
  }
}

function foundPrice(
  price: Stripe.Price,
  product: Product,
  meters: readonly Stripe.Billing.Meter[],
): FoundPrice {
  const { product: stripeProduct } = price;
  const stripeMeterId = price.recurring?.meter ?? null;
  return {
    price,
    isOurs: price.metadata[PRODUCT_METADATA_KEY] === product,
    isProductActive:
      typeof stripeProduct !== 'string' && stripeProduct.deleted !== true && stripeProduct.active,
    meter: meters.find(({ id }) => id === stripeMeterId) ?? null,
    ids: {
      stripeProductId: typeof stripeProduct === 'string' ? stripeProduct : stripeProduct.id,
      stripePriceId: price.id,
      stripeMeterId,
    },
  };
}

async function allOf<T>(list: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of list) all.push(each);
  return all;
}
