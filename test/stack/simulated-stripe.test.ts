import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listWebhookEndpoints } from '../../activities/setup-look.ts';
import { STRIPE_API_VERSION } from '../../activities/stripe-client.ts';
import type { StackFile } from '../../config/stack-file.ts';
import { listStripeProducts } from '../../db/price-list.ts';
import { PRODUCTS } from '../../domain/price-list.ts';
import { WEBHOOK_PATHS, wantedEventTypes } from '../../domain/stripe-event.ts';
import { setUpSimulatedStripe } from '../../stack/simulated-stripe.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startTestSimulator, type TestSimulator } from '../support/simulator.ts';

const API_URL = 'http://127.0.0.1:3000';
const URL_OF_TEST = `${API_URL}${WEBHOOK_PATHS.test}`;

let database: TestDatabase;
let simulator: TestSimulator;
beforeAll(async () => {
  [database, simulator] = await Promise.all([createTestDatabase(), startTestSimulator()]);
});
afterAll(async () => {
  await simulator.stop();
  await database.drop();
});

type Secrets = Pick<StackFile['stripe'], 'live' | 'test'>;
const setUp = (known?: Secrets, apiUrl = API_URL) => {
  const previous = known === undefined ? undefined : ({ stripe: { apiBase: null, ...known } } as StackFile);
  return setUpSimulatedStripe(database.db, simulator.url, apiUrl, previous);
};
const endpoints = () => listWebhookEndpoints(simulator.stripe.test);

describe('the embedded Stripe', () => {
  let secrets: Secrets;
  beforeEach(async () => {
    secrets = await setUp();
  });

  it('has what setup-stripe makes, and an endpoint whose secret is known', async () => {
    expect(await listStripeProducts(database.db, 'test')).toHaveLength(PRODUCTS.length);
    expect(await endpoints()).toEqual([
      {
        id: expect.any(String) as string,
        url: URL_OF_TEST,
        isEnabled: true,
        eventTypes: wantedEventTypes('test'),
        apiVersion: STRIPE_API_VERSION,
        isOurs: true,
      },
    ]);
    expect(secrets.live?.webhookSecret).toMatch(/^whsec_/);
    expect(secrets.test?.webhookSecret).toMatch(/^whsec_/);
  });

  it('keeps the endpoint and its secret from run to run', async () => {
    const before = await endpoints();
    expect(await setUp(secrets)).toEqual(secrets);
    expect(await endpoints()).toEqual(before);
  });

  it('has a new endpoint in place of one whose secret is not known any more', async () => {
    const [before] = await endpoints();
    const fresh = await setUp();
    expect(fresh.test?.webhookSecret).not.toBe(secrets.test?.webhookSecret);
    const [after, ...others] = await endpoints();
    expect(others).toEqual([]);
    expect(after).toEqual({ ...before, id: expect.any(String) as string });
    expect(after?.id).not.toBe(before?.id);
  });

  it('has none left at an address that it had before', async () => {
    const elsewhere = 'http://127.0.0.1:3001';
    await setUp(secrets, elsewhere);
    expect((await endpoints()).map(({ url }) => url)).toEqual([`${elsewhere}${WEBHOOK_PATHS.test}`]);
  });

  it('has one of its own in place of one that was made by hand', async () => {
    const [made] = await endpoints();
    await simulator.stripe.test.webhookEndpoints.del(made?.id ?? '');
    await simulator.stripe.test.webhookEndpoints.create({
      url: URL_OF_TEST,
      enabled_events: ['invoice.paid'],
    });
    const { test } = await setUp(secrets);
    expect(test?.webhookSecret).not.toBe(secrets.test?.webhookSecret);
    expect(await endpoints()).toEqual([{ ...made, id: expect.any(String) as string }]);
  });
});
