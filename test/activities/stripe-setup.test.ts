import { Stripe } from 'stripe';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { adoptConfiguredPrices, setUpStripe, UnusablePriceError } from '../../activities/stripe-setup.ts';
import { ensurePriceList, listStripeProducts } from '../../db/price-list.ts';
import { METERED_PRODUCTS, PRICE_LIST, PRODUCTS } from '../../domain/price-list.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { namesOf, startTestSimulator, type TestSimulator, writesAmong } from '../support/simulator.ts';

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
const setCpuHour = async (values: { readonly unit_price_cents?: string; readonly active?: boolean }) => {
  await database.db.updateTable('stripe_products').set(values).where('product', '=', 'cpu_hour').execute();
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

  test('a second run changes nothing: it reads prices, products and meters once, and writes nothing', async () => {
    const first = await setUp();
    const requests = await simulator.requestsDuring(async () => {
      expect(await setUp()).toEqual(first);
    });
    expect(namesOf(requests).toSorted()).toEqual([
      'GET /v1/billing/meters',
      'GET /v1/prices',
      'GET /v1/products',
    ]);
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

  test('a price of ours that costs something else than the price list is replaced by one that takes its lookup key', async () => {
    const [before] = await setUp();
    await setCpuHour({ unit_price_cents: '11' });
    const [cpu] = await setUp();
    expect(cpu).toMatchObject({ product: 'cpu_hour', unit_price_cents: '11' });
    const { test: stripe } = simulator.stripe;
    const price = await stripe.prices.retrieve(cpu?.stripe_price_id ?? '');
    expect(price).toMatchObject({
      product: before?.stripe_product_id,
      lookup_key: 'durable_billing_cpu_hour',
    });
    expect(price.unit_amount_decimal?.toString()).toBe('11');
    expect(price.recurring?.meter).toBe(before?.stripe_meter_id);
    // Subscriptions have it still.
    const old = await stripe.prices.retrieve(before?.stripe_price_id ?? '');
    expect(old).toMatchObject({ active: true, lookup_key: null });
  });

  test('a price of ours that was archived is replaced; a product that was archived with it, too', async () => {
    const [before] = await setUp();
    const { test: stripe } = simulator.stripe;
    await stripe.prices.update(before?.stripe_price_id ?? '', { active: false });
    await stripe.products.update(before?.stripe_product_id ?? '', { active: false });
    const [cpu] = await setUp();
    expect(cpu?.stripe_price_id).not.toBe(before?.stripe_price_id);
    expect(cpu?.stripe_product_id).not.toBe(before?.stripe_product_id);
    expect(cpu?.stripe_meter_id).toBe(before?.stripe_meter_id);
    expect(await setUp()).toMatchObject([cpu, ...PRODUCTS.slice(1).map(() => ({}))]);
  });

  test('a price with our lookup key that was made by hand is not touched, and nothing is made beside it', async () => {
    const { id } = await simulator.stripe.test.prices.create({
      currency: 'eur',
      unit_amount: 100,
      product_data: { name: 'Mine' },
      lookup_key: 'durable_billing_credits',
    });
    await expect(setUp()).rejects.toThrow(`The price ${id} (Credits) is in eur, not in usd`);
    const requests = await simulator.requestsDuring(() => setUp().catch(() => undefined));
    expect(writesAmong(requests)).toEqual([]);
    expect(await stripeHas()).toEqual(ONE_OF_EACH);
  });

  test('a meter of our events that does not add them up is for a person to deactivate', async () => {
    const { id } = await simulator.stripe.test.billing.meters.create({
      display_name: 'Mine',
      event_name: 'durable_billing_cpu_hour',
      default_aggregation: { formula: 'last' },
    });
    await expect(setUp()).rejects.toThrow(
      `The meter ${id} of "durable_billing_cpu_hour" events takes the last`,
    );
    await simulator.stripe.test.billing.meters.deactivate(id);
    const [cpu] = await setUp();
    expect(cpu?.stripe_meter_id).not.toBe(id);
  });

  test('what is not sold any more is not made', async () => {
    await ensurePriceList(database.db, 'test');
    await setCpuHour({ active: false });
    const [cpu] = await setUp();
    expect(cpu?.stripe_price_id).toBeNull();
    expect((await stripeHas()).prices).toBe(PRODUCTS.length - 1);
  });

  test.each([
    ['GET /v1/products', 'read Products'],
    ['GET /v1/prices', 'read Prices'],
    ['GET /v1/billing/meters', 'read Billing Meters'],
    ['POST /v1/products', 'write Products'],
    ['POST /v1/prices', 'write Prices'],
    ['POST /v1/billing/meters', 'write Billing Meters'],
  ])('a restricted key that is refused %s is told that it has no permission to %s', async (route, lacks) => {
    await simulator.fault(route, 'status_403');
    await expect(setUp()).rejects.toThrow(`The key has no permission to ${lacks}`);
  });

  test('two at the same time make one of each', async () => {
    await Promise.allSettled([setUp(), setUp()]);
    await setUp();
    expect(await stripeHas()).toEqual(ONE_OF_EACH);
  });

  test('what somebody deletes after it was made is made again', async () => {
    const [before] = await setUp();
    const { test: stripe } = simulator.stripe;
    await stripe.billing.meters.deactivate(before?.stripe_meter_id ?? '');
    const [cpu] = await setUp();
    expect(cpu?.stripe_meter_id).not.toBe(before?.stripe_meter_id);
    expect(cpu?.stripe_price_id).not.toBe(before?.stripe_price_id);
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

  test('a named price that Stripe does not have is told with its variable', async () => {
    await expect(setUp({ cpu_hour: 'price_gone' })).rejects.toThrow(
      'Stripe has no price price_gone, which STRIPE_PRICE_ID_CPU_HOUR names',
    );
  });

  test('adopting alone refuses a price of the wrong kind', async () => {
    const priceId = await dashboardPrice({ currency: 'eur' });
    await expect(
      adoptConfiguredPrices(database.db, simulator.stripe.test, 'test', { gpu_hour: priceId }),
    ).rejects.toThrow('it is in eur, not usd');
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
    await expect(setUp({ cpu_hour: priceOf('credits') })).rejects.toThrow(
      'is one-time, not metered and monthly',
    );
    await expect(setUp({ credits: priceOf('cpu_hour') })).rejects.toThrow(
      'is metered and every month, not one-time',
    );
  });

  test('an archived price is refused', async () => {
    const priceId = await dashboardPrice();
    await simulator.stripe.test.prices.update(priceId, { active: false });
    await expect(setUp({ cpu_hour: priceId })).rejects.toThrow('is archived');
  });
});
