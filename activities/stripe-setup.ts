import type { Stripe } from 'stripe';
import { PRICE_ID_VARIABLES } from '../config/mode-variables.ts';
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
import { WEBHOOK_PATHS } from '../domain/stripe-event.ts';
import type { ForPerson } from '../domain/webhook-endpoint-plan.ts';
import { listWebhookEndpoints, lookAtCatalog } from './setup-look.ts';
import { isReady, planSetup, type SetupPlan, type WantedProduct } from './setup-plan.ts';
import { carryOut, type Made } from './setup-steps.ts';
import { STRIPE_API_VERSION, type StripeClient } from './stripe-client.ts';

type PriceIds = Readonly<Partial<Record<Product, string>>>;

/** What Stripe is to have, beside the price list. */
export interface SetupOptions {
  /** Prices made in the Dashboard and named in the environment; they come first. */
  readonly priceIds?: PriceIds | undefined;
  /** Where Stripe reaches the api, without the path of webhooks; `null`: webhook endpoints are left alone. */
  readonly publicUrl: string | null;
}

/** What was done, and what is left for a person. */
export interface SetupOutcome {
  readonly made: readonly Made[];
  readonly forPerson: readonly ForPerson[];
}

/** Products and meters, then prices, then our table, then a last look; twice as many for what vanishes in between. */
const MOST_ROUNDS = 8;

/** A price that the Dashboard or an earlier run has, and that cannot serve. Not retryable: a person has to mend it in Stripe first. */
export class UnusablePriceError extends Error {
  override readonly name = 'UnusablePriceError';
}

/**
 * What is missing in Stripe, and in `stripe_products`. It only reads.
 *
 * @throws MissingPermissionError when a restricted key may not read what has to be looked at. Not retryable.
 */
export async function planStripeSetup<M extends Mode>(
  db: Database,
  stripe: StripeClient<M>,
  mode: NoInfer<M>,
  options: SetupOptions,
): Promise<SetupPlan> {
  const products = await wantedProducts(db, mode, options);
  const { publicUrl } = options;
  const endpoint =
    publicUrl === null
      ? null
      : { mode, url: `${publicUrl}${WEBHOOK_PATHS[mode]}`, apiVersion: STRIPE_API_VERSION };
  const [found, endpoints] = await Promise.all([
    lookAtCatalog(stripe, products),
    endpoint === null ? [] : listWebhookEndpoints(stripe),
  ]);
  return planSetup({ mode, products, endpoint }, { products: found, endpoints });
}

/**
 * Carries the plan out: what can be done now, then looks again, until nothing is left. So what a run that broke off has made
 * is found by the next one, which does the rest; after that one there is nothing to do.
 *
 * @param onMade is told of each step that is done.
 * @throws MissingPermissionError as above, and where it may not write. StripeError as a request failed.
 */
export async function applyStripeSetup<M extends Mode>(
  db: Database,
  stripe: StripeClient<M>,
  mode: NoInfer<M>,
  options: SetupOptions & { readonly onMade?: (made: Made) => void },
): Promise<SetupOutcome> {
  await ensurePriceList(db, mode);
  const made: Made[] = [];
  for (let round = 1; round <= MOST_ROUNDS; round += 1) {
    const { steps, forPerson } = await planStripeSetup(db, stripe, mode, options);
    if (steps.length === 0) return { made, forPerson };
    for (const step of steps.filter(isReady)) {
      const done = await carryOut(db, stripe, mode, step);
      made.push(done);
      options.onMade?.(done);
    }
  }
  throw new Error(`After ${MOST_ROUNDS} rounds Stripe still does not show what was made`);
}

/**
 * Makes sure that Stripe has a product, a price and, for what is metered, a meter for each line of the price list, and
 * that `stripe_products` knows their ids. What exists is adopted: a second run changes nothing.
 *
 * @throws UnusablePriceError when a price that was found or named can't serve.
 */
export async function setUpStripe<M extends Mode>(
  db: Database,
  stripe: StripeClient<M>,
  mode: NoInfer<M>,
  priceIds: PriceIds = {},
): Promise<StripeProduct[]> {
  const { forPerson } = await applyStripeSetup(db, stripe, mode, { priceIds, publicUrl: null });
  const [first] = forPerson;
  if (first !== undefined) throw new UnusablePriceError(`${first.what} ${first.mend}`);
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
  priceIds: PriceIds,
): Promise<void> {
  for (const product of PRODUCTS) {
    const priceId = priceIds[product];
    if (priceId === undefined) continue;
    const ids = usableIds(PRICE_LIST[product], await stripe.prices.retrieve(priceId));
    await saveStripeProductIds(db, mode, product, ids);
  }
}

/** What is sold: by the table, or by the price list for what the table has no row of yet. */
async function wantedProducts(
  db: Database,
  mode: Mode,
  { priceIds = {} }: SetupOptions,
): Promise<WantedProduct[]> {
  const rows = new Map((await listStripeProducts(db, mode)).map((row) => [row.product, row]));
  return PRODUCTS.filter((product) => rows.get(product)?.active !== false).map((product) => {
    const row = rows.get(product);
    const priceId = priceIds[product];
    const variable = PRICE_ID_VARIABLES[product];
    return {
      product,
      unitPriceCents: row?.unit_price_cents ?? PRICE_LIST[product].unitPriceCents,
      ids: {
        stripeProductId: row?.stripe_product_id ?? null,
        stripePriceId: row?.stripe_price_id ?? null,
        stripeMeterId: row?.stripe_meter_id ?? null,
      },
      named: priceId === undefined || variable === undefined ? null : { priceId, variable },
    };
  });
}

function usableIds(item: PriceListItem, price: Stripe.Price): StripeProductIds {
  const refuse = (problem: string) =>
    new UnusablePriceError(`The price ${price.id} can't serve for ${item.product}: ${problem}`);
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
