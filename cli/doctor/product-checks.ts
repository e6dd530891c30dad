import { type ExpectedPrice, priceMismatches } from '../../activities/price-mismatches.ts';
import { PRODUCT_METADATA_KEY } from '../../activities/setup-look.ts';
import { meterEventName } from '../../activities/setup-plan.ts';
import type { StripeClient } from '../../activities/stripe-client.ts';
import { StripeError } from '../../activities/stripe-client.ts';
import { type Check, check, type Finding, ok, problem } from '../../api/health/check.ts';
import { PRICE_ID_VARIABLES } from '../../config/mode-variables.ts';
import { listStripeProducts, type StripeProduct } from '../../db/price-list.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import { formatUnitPrice } from '../../domain/money.ts';
import { PRICE_LIST, PRODUCTS, type Product } from '../../domain/price-list.ts';
import { type Area, type DoctorParts, STRIPE_DEADLINE_MS } from './parts.ts';

const MEND = 'See that PostgreSQL and Stripe answer.';

/** The price list in `stripe_products` against the prices, products and meters in Stripe, in each mode that has a key. */
export async function checkPriceLists(parts: DoctorParts): Promise<Area[]> {
  return await Promise.all(
    MODES.map(async (mode) => {
      const stripe: StripeClient | null = parts.stripe[mode];
      const checks = stripe === null ? [] : await checkPriceList(parts, stripe, mode);
      return { name: `Price list, ${mode} mode`, checks };
    }),
  );
}

async function checkPriceList(parts: DoctorParts, stripe: StripeClient, mode: Mode): Promise<Check[]> {
  const listed = listStripeProducts(parts.db, mode);
  return await Promise.all(
    PRODUCTS.map((product) =>
      check({ id: `price:${product}`, mode, mend: MEND, deadlineMs: STRIPE_DEADLINE_MS }, async () => {
        const row = (await listed).find((each) => each.product === product);
        return await lookAt(stripe, row, expectationOf(parts, mode, product));
      }),
    ),
  );
}

function expectationOf(
  { config }: DoctorParts,
  mode: Mode,
  product: Product,
): Omit<ExpectedPrice, 'unitPriceCents'> {
  const isNamed = config.stripe.modes[mode]?.priceIds[product] !== undefined;
  const isMetered = PRICE_LIST[product].aggregation !== null;
  return {
    mode,
    isMetered,
    meterEventName: isNamed || !isMetered ? null : meterEventName(product),
    namedIn: isNamed ? PRICE_ID_VARIABLES[product] : null,
  };
}

async function lookAt(
  stripe: StripeClient,
  row: StripeProduct | undefined,
  expectation: Omit<ExpectedPrice, 'unitPriceCents'>,
): Promise<Finding> {
  const setUp = `Run "npm run billing -- setup-stripe --mode ${expectation.mode} --apply": it makes what is missing, and adopts what is there.`;
  if (row === undefined) return problem('It is missing in stripe_products.', setUp);
  const { stripe_price_id: priceId, unit_price_cents: unitPriceCents } = row;
  if (!row.active) return ok('It is not sold any more.');
  if (priceId === null) return problem('stripe_products knows no price of it in Stripe.', setUp);
  const price = await nullIfMissing(stripe.prices.retrieve(priceId, { expand: ['product'] }));
  if (price === null) return problem(`Stripe has no price ${priceId}.`, setUp);
  const meterId = price.recurring?.meter ?? null;
  const meter = meterId === null ? null : await nullIfMissing(stripe.billing.meters.retrieve(meterId));
  const { product } = price;
  const isOurs = price.metadata[PRODUCT_METADATA_KEY] === row.product;
  const isProductActive = typeof product !== 'string' && product.deleted !== true && product.active;
  const mismatches = priceMismatches(
    { ...expectation, unitPriceCents },
    { price, isOurs, isProductActive, meter },
  );
  if (mismatches.length === 0) return ok(`${priceId} is ${formatUnitPrice(unitPriceCents)} for one unit.`);
  return problem(
    `${priceId} ${mismatches.map(({ what }) => what).join(', and ')}.`,
    [...new Set(mismatches.map(({ mend }) => mend))].join(' '),
  );
}

async function nullIfMissing<T>(retrieving: Promise<T>): Promise<T | null> {
  try {
    return await retrieving;
  } catch (error) {
    if (error instanceof StripeError && error.statusCode === 404) return null;
    throw error;
  }
}
