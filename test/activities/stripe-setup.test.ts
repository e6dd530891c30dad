import { Stripe } from 'stripe';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { adoptConfiguredPrices, setUpStripe, UnusablePriceError } from '../../activities/stripe-setup.ts';
import { listStripeProducts } from '../../db/price-list.ts';
import { METERED_PRODUCTS, PRICE_LIST, PRODUCTS } from '../../domain/price-list.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startTestSimulator, type TestSimulator, writesAmong } from '../support/simulator.ts';

let database: TestDatabase;
let simulator: TestSimulator;
beforeEach(async () => {
  [database, simulator] = await Promise.all([createTestDatabase(), startTestSimulator()]);
});
afterEach(async () => {
  await simulator.stop();
  await database.drop();
});

const setUp = (prices: Parameters<typeof setUpStripe>[3] = {}) =>
  setUpStripe(database.db, simulator.stripe.test, 'test', prices);

async function stripeHas() {
  const { test: stripe } = simulator.stripe;
  const [products, prices, meters] = await Promise.all([
    stripe.products.list({ limit: 100 }),
    stripe.prices.list({ limit: 100 }),
    stripe.billing.meters.list({ limit: 100 }),
  ]);
  return { products: products.data.length, prices: prices.data.length, meters: meters.data.length };
}
const ONE_OF_EACH = {
  products: PRODUCTS.length,
  prices: PRODUCTS.length,
  meters: METERED_PRODUCTS.length,
};

describe('setting up', () => {
  test('makes a product and a price of each, a meter of what is metered, and saves their ids', async () => {
    const saved = await setUp();
    expect(await stripeHas()).toEqual(ONE_OF_EACH);
    for (const row of saved) {
      const price = await simulator.stripe.test.prices.retrieve(row.stripe_price_id ?? '');
      expect(price).toMatchObject({ product: row.stripe_product_id, currency: 'usd', active: true });
      expect(price.unit_amount_decimal?.toString()).toBe(PRICE_LIST[row.product].unitPriceCents);
      expect(price.recurring?.meter ?? null).toBe(row.stripe_meter_id);
      expect(price.recurring?.usage_type).toBe(row.product === 'credits' ? undefined : 'metered');
    }
    expect(saved.map((row) => row.product)).toEqual(PRODUCTS);
  });

  test('a second run changes nothing: it reads one price of each, and writes nothing', async () => {
    const first = await setUp();
    const requests = await simulator.requestsDuring(async () => {
      expect(await setUp()).toEqual(first);
    });
    expect(writesAmong(requests)).toEqual([]);
    expect(requests).toHaveLength(PRODUCTS.length);
  });

  test('a new database adopts what Stripe has', async () => {
    const first = await setUp();
    const other = await createTestDatabase();
    try {
      expect(await setUpStripe(other.db, simulator.stripe.test, 'test')).toEqual(first);
      expect(await stripeHas()).toEqual(ONE_OF_EACH);
    } finally {
      await other.drop();
    }
  });

  test.each([
    ['POST /v1/products', 'reset'],
    ['POST /v1/products', 'processed_without_answer'],
    ['POST /v1/products', 'status_500'],
    ['POST /v1/billing/meters', 'processed_without_answer'],
    ['POST /v1/prices', 'status_500'],
    ['POST /v1/prices', 'processed_without_answer'],
  ] as const)('a run broken off at %s (%s) is finished by running it again', async (route, kind) => {
    await simulator.fault(route, kind);
    await expect(setUp()).rejects.toBeInstanceOf(Stripe.errors.StripeError);
    await setUp();
    expect(await stripeHas()).toEqual(ONE_OF_EACH);
  });

  test('each mode has its own', async () => {
    await setUp();
    expect(await listStripeProducts(database.db, 'live')).toEqual([]);
    const live = await setUpStripe(database.db, simulator.stripe.live, 'live');
    const test = await listStripeProducts(database.db, 'test');
    const ids = [...live, ...test].map((row) => row.stripe_price_id);
    expect(new Set(ids).size).toBe(2 * PRODUCTS.length);
    await expect(simulator.stripe.live.prices.retrieve(test[0]?.stripe_price_id ?? '')).rejects.toMatchObject(
      {
        statusCode: 404,
      },
    );
  });

  test('a unit price that was changed in stripe_products stays', async () => {
    await setUp();
    await database.db
      .updateTable('stripe_products')
      .set({ unit_price_cents: '11' })
      .where('product', '=', 'cpu_hour')
      .execute();
    const [cpu] = await setUp();
    expect(cpu).toMatchObject({ product: 'cpu_hour', unit_price_cents: '11' });
  });
});

describe('prices made in the Dashboard', () => {
  async function dashboardPrice(
    overrides: Partial<Parameters<TestSimulator['stripe']['test']['prices']['create']>[0]> = {},
  ): Promise<string> {
    const { test: stripe } = simulator.stripe;
    const meter = await stripe.billing.meters.create({
      display_name: 'Mine',
      event_name: 'mine',
      default_aggregation: { formula: 'sum' },
    });
    const price = await stripe.prices.create({
      currency: 'usd',
      unit_amount: 10,
      product_data: { name: 'Mine' },
      recurring: { interval: 'month', usage_type: 'metered', meter: meter.id },
      ...overrides,
    });
    return price.id;
  }

  test('a named price is adopted, and nothing is made in its place', async () => {
    const priceId = await dashboardPrice();
    const [cpu] = await setUp({ cpu_hour: priceId });
    expect(cpu?.stripe_price_id).toBe(priceId);
    expect(cpu?.stripe_meter_id).toMatch(/^mtr_/);
    expect(await stripeHas()).toEqual(ONE_OF_EACH);
  });

  test('adopting alone makes nothing in Stripe', async () => {
    await setUp();
    const priceId = await dashboardPrice();
    const requests = await simulator.requestsDuring(() =>
      adoptConfiguredPrices(database.db, simulator.stripe.test, 'test', { gpu_hour: priceId }),
    );
    expect(writesAmong(requests)).toEqual([]);
    const gpu = (await listStripeProducts(database.db, 'test')).find((row) => row.product === 'gpu_hour');
    expect(gpu?.stripe_price_id).toBe(priceId);
  });

  test.each([
    ['licensed', { recurring: { interval: 'month', usage_type: 'licensed' } }],
    ['in another currency', { currency: 'eur' }],
  ] as const)('a price that is %s is refused for what is metered', async (_, overrides) => {
    const priceId = await dashboardPrice(overrides);
    await expect(setUp({ cpu_hour: priceId })).rejects.toThrow(UnusablePriceError);
    await expect(setUp({ cpu_hour: priceId })).rejects.toThrow(priceId);
  });

  test('a one-time price is refused for what is metered, a recurring one for credits', async () => {
    await setUp();
    const rows = await listStripeProducts(database.db, 'test');
    const priceOf = (product: string) => rows.find((row) => row.product === product)?.stripe_price_id ?? '';
    await expect(setUp({ cpu_hour: priceOf('credits') })).rejects.toThrow('must be recurring and metered');
    await expect(setUp({ credits: priceOf('cpu_hour') })).rejects.toThrow('must be one-time');
  });

  test('an archived price is refused', async () => {
    const priceId = await dashboardPrice();
    await simulator.stripe.test.prices.update(priceId, { active: false });
    await expect(setUp({ cpu_hour: priceId })).rejects.toThrow('it is archived');
  });
});
