import { Stripe } from 'stripe';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { STRIPE_API_VERSION } from '../../activities/stripe-client.ts';
import { applyStripeSetup, planStripeSetup } from '../../activities/stripe-setup.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import { WEBHOOK_PATHS, wantedEventTypes } from '../../domain/stripe-event.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startTestSimulator, type TestSimulator, writesAmong } from '../support/simulator.ts';

const PUBLIC_URL = 'https://billing.example';
const urlOf = (mode: Mode) => `${PUBLIC_URL}${WEBHOOK_PATHS[mode]}`;

let database: TestDatabase;
let simulator: TestSimulator;
beforeEach(async () => {
  [database, simulator] = await Promise.all([createTestDatabase(), startTestSimulator()]);
});
afterEach(async () => {
  await simulator.stop();
  await database.drop();
});

const apply = (publicUrl: string | null = PUBLIC_URL) =>
  applyStripeSetup(database.db, simulator.stripe.test, 'test', { publicUrl });
const plan = () => planStripeSetup(database.db, simulator.stripe.test, 'test', { publicUrl: PUBLIC_URL });
const endpoints = async (mode: Mode = 'test') =>
  (await simulator.stripe[mode].webhookEndpoints.list({ limit: 100 })).data;
const byHand = (
  overrides: Partial<Stripe.WebhookEndpointCreateParams> = {},
): Promise<Stripe.WebhookEndpoint> =>
  simulator.stripe.test.webhookEndpoints.create({
    url: urlOf('test'),
    enabled_events: wantedEventTypes('test'),
    api_version: STRIPE_API_VERSION,
    ...overrides,
  });

describe('the webhook endpoint', () => {
  test('is made in each mode, of our version, for exactly the events of the mode, and its secret is shown', async () => {
    for (const mode of MODES) {
      const client = simulator.stripe;
      const { made, forPerson } =
        mode === 'live'
          ? await applyStripeSetup(database.db, client.live, mode, { publicUrl: PUBLIC_URL })
          : await applyStripeSetup(database.db, client.test, mode, { publicUrl: PUBLIC_URL });
      const secrets = made.flatMap(({ webhookSecret }) => webhookSecret ?? []);
      expect(secrets).toEqual([expect.stringMatching(/^whsec_\w{32}/)]);
      expect(forPerson).toEqual([]);
      expect(await endpoints(mode)).toMatchObject([
        {
          url: urlOf(mode),
          status: 'enabled',
          api_version: STRIPE_API_VERSION,
          enabled_events: wantedEventTypes(mode),
          metadata: { durable_billing_endpoint: mode },
        },
      ]);
    }
  });

  test('a plan only reads; it says all that applying it does, which a second run finds done', async () => {
    const requests = await simulator.requestsDuring(async () => {
      const { steps } = await plan();
      expect(steps.map(({ type }) => type)).toEqual([
        ...Array.from({ length: 4 }, () => ['create_product', 'create_meter', 'create_price']).flat(),
        'create_product',
        'create_price',
        'create_endpoint',
      ]);
    });
    expect(writesAmong(requests)).toEqual([]);
    await apply();
    expect(await plan()).toEqual({ steps: [], forPerson: [] });
    const second = await simulator.requestsDuring(async () => {
      expect(await apply()).toEqual({ made: [], forPerson: [] });
    });
    expect(writesAmong(second)).toEqual([]);
  });

  test('is left out where the address is not told', async () => {
    const requests = await simulator.requestsDuring(() => apply(null));
    expect(requests.filter(({ path }) => path.includes('webhook_endpoints'))).toEqual([]);
  });

  test.each(['processed_without_answer', 'status_500', 'reset'] as const)(
    'a run broken off while it is made (%s) is completed by the next one',
    async (kind) => {
      await simulator.fault('POST /v1/webhook_endpoints', kind);
      await expect(apply()).rejects.toBeInstanceOf(Stripe.errors.StripeError);
      await apply();
      expect(await endpoints()).toHaveLength(1);
      expect(await plan()).toEqual({ steps: [], forPerson: [] });
    },
  );

  test('is made once by two that run at the same time', async () => {
    // So the first one's request is under way when the second one looks.
    await simulator.fault('POST /v1/webhook_endpoints', 'latency', { latencyMs: 2_000, count: 2 });
    await Promise.allSettled([apply(), apply()]);
    await apply();
    expect(await endpoints()).toHaveLength(1);
  });

  test('of another installation is neither touched nor counted', async () => {
    const theirs = await byHand({ url: `https://staging.example${WEBHOOK_PATHS.test}` });
    await apply();
    const [ours, untouched] = await endpoints();
    expect(ours?.url).toBe(urlOf('test'));
    expect(untouched).toMatchObject({ id: theirs.id, metadata: {}, status: 'enabled' });
  });

  test('of ours that was disabled and lost an event is mended', async () => {
    await apply();
    const [ours] = await endpoints();
    await simulator.stripe.test.webhookEndpoints.update(ours?.id ?? '', {
      disabled: true,
      enabled_events: ['invoice.paid'],
    });
    const { made } = await apply();
    expect(made.map(({ step }) => step.type)).toEqual(['update_endpoint']);
    expect(await endpoints()).toMatchObject([
      { id: ours?.id, status: 'enabled', enabled_events: wantedEventTypes('test') },
    ]);
  });

  test.each<[string, () => Promise<Stripe.WebhookEndpoint>, RegExp]>([
    [
      'is disabled',
      async () => {
        const { id } = await byHand();
        return await simulator.stripe.test.webhookEndpoints.update(id, { disabled: true });
      },
      /is disabled/,
    ],
    ['lacks types', () => byHand({ enabled_events: ['invoice.paid'] }), /lacks checkout\.session\.completed/],
    [
      'sends as of another version',
      () =>
        simulator.stripe.test.webhookEndpoints.create({
          url: urlOf('test'),
          enabled_events: wantedEventTypes('test'),
        }),
      /default version/,
    ],
  ])(
    'made by hand that %s is left to a person, and none is made beside it',
    async (_what, make, complaint) => {
      const before = await make();
      const { forPerson, made } = await apply();
      expect(forPerson).toEqual([
        { what: expect.stringMatching(complaint) as string, mend: expect.any(String) as string },
      ]);
      expect(made.filter(({ step }) => step.type.includes('endpoint'))).toEqual([]);
      const { id, status, enabled_events, api_version, metadata } = before;
      expect(await endpoints()).toMatchObject([{ id, status, enabled_events, api_version, metadata }]);
    },
  );

  test('made by hand that serves is adopted', async () => {
    const { id } = await byHand();
    expect((await apply()).forPerson).toEqual([]);
    expect(await endpoints()).toMatchObject([{ id, metadata: {} }]);
  });

  test.each([
    ['GET', 'read'],
    ['POST', 'write'],
  ])('a restricted key that may not %s them is told so', async (method, access) => {
    await simulator.fault(`${method} /v1/webhook_endpoints`, 'status_403');
    await expect(apply()).rejects.toThrow(`The key has no permission to ${access} Webhook Endpoints`);
  });
});
