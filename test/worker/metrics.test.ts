import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { stripeRoute } from '../../activities/stripe-calls.ts';
import { createStripeClient, type StripeClient, StripeError } from '../../activities/stripe-client.ts';
import { batchRates } from '../../domain/stripe-rate.ts';
import { createWorkerMetrics } from '../../worker/metrics.ts';
import { startTestSimulator, type TestSimulator } from '../support/simulator.ts';

let simulator: TestSimulator;
const registry = new Registry();
const metrics = createWorkerMetrics(registry, batchRates(80));
let stripe: StripeClient;
beforeAll(async () => {
  simulator = await startTestSimulator();
  stripe = createStripeClient({
    mode: 'test',
    secretKey: 'sk_test_simulator_metrics',
    apiBase: simulator.url,
    onCall: metrics.onStripeCall,
  });
});
afterAll(() => simulator.stop());
afterEach(async () => {
  await simulator.clearFaults();
  registry.resetMetrics();
});

/** The series of a metric that are not zero. */
async function series(name: string): Promise<string[]> {
  const lines = (await registry.metrics()).split('\n');
  return lines.filter((line) => line.startsWith(`${name}{`) && !line.endsWith(' 0'));
}

const counted = (method: string, route: string, outcome: string) =>
  `billing_stripe_requests_total{mode="test",method="${method}",route="${route}",outcome="${outcome}"} 1`;

test('a request to Stripe is counted by its pattern, without an id of anybody, and timed', async () => {
  const { id } = await stripe.customers.create({ name: 'Ada' });
  await stripe.customers.retrieve(id, { expand: ['invoice_settings.default_payment_method'] });
  expect(await series('billing_stripe_requests_total')).toEqual([
    counted('POST', '/v1/customers', 'ok'),
    counted('GET', '/v1/customers/:id', 'ok'),
  ]);
  expect(await series('billing_stripe_request_seconds_count')).toEqual([
    'billing_stripe_request_seconds_count{mode="test",method="POST",route="/v1/customers"} 1',
    'billing_stripe_request_seconds_count{mode="test",method="GET",route="/v1/customers/:id"} 1',
  ]);
  expect(await registry.metrics()).not.toContain(id);
});

test.each([
  ['status_403', 'refused'],
  ['status_409', 'unavailable'],
  ['status_429', 'rate_limited'],
  ['status_500', 'unavailable'],
  ['html', 'unavailable'],
  ['processed_without_answer', 'unavailable'],
] as const)('a request that meets %s is counted as %s', async (fault, outcome) => {
  await simulator.fault('GET /v1/invoices', fault);
  await expect(stripe.invoices.list()).rejects.toBeInstanceOf(StripeError);
  expect(await series('billing_stripe_requests_total')).toEqual([counted('GET', '/v1/invoices', outcome)]);
});

test('which of its limits Stripe says was met is counted, also where it names none', async () => {
  await simulator.fault('GET /v1/invoices', 'status_429', { reason: 'endpoint-rate' });
  await expect(stripe.invoices.list()).rejects.toBeInstanceOf(StripeError);
  await simulator.fault('GET /v1/invoices', 'status_429', { reason: null });
  await expect(stripe.invoices.list()).rejects.toBeInstanceOf(StripeError);
  expect(await series('billing_stripe_rate_limited_total')).toEqual([
    'billing_stripe_rate_limited_total{mode="test",limit="endpoint-rate"} 1',
    'billing_stripe_rate_limited_total{mode="test",limit="unnamed"} 1',
  ]);
});

test('a declined payment is no failure of ours or of Stripe’s', async () => {
  const customer = await stripe.customers.create({});
  await expect(
    stripe.paymentIntents.create({
      amount: 100,
      currency: 'usd',
      customer: customer.id,
      payment_method: 'pm_card_chargeDeclined',
      confirm: true,
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    }),
  ).rejects.toBeInstanceOf(StripeError);
  expect(await series('billing_stripe_requests_total')).toContain(
    counted('POST', '/v1/payment_intents', 'declined'),
  );
});

test.each([
  [80, ['live 100', 'live 80', 'test 25', 'test 25']],
  [400, ['live 400', 'live 400', 'test 25', 'test 25']],
  [10, ['live 100', 'live 10', 'test 25', 'test 10']],
])('the limits are shown where a close may ask for %i requests a second', async (perSecond, expected) => {
  const own = new Registry();
  createWorkerMetrics(own, batchRates(perSecond));
  const lines = (await own.metrics()).split('\n').filter((line) => line.startsWith('billing_stripe_limit_'));
  expect(lines.map((line) => line.replace(/^.*mode="(\w+)".*} (\d+)$/, '$1 $2'))).toEqual(expected);
});

test.each([
  ['/v1/invoices/in_1QabC/add_lines', '/v1/invoices/:id/add_lines'],
  [
    '/v1/billing/meters/mtr_test_61R/event_summaries?customer=cus_1',
    '/v1/billing/meters/:id/event_summaries',
  ],
  ['/v1/checkout/sessions/cs_test_a1B', '/v1/checkout/sessions/:id'],
  ['/v1/customers/cus_NffrFeUfNV2Hib/payment_methods', '/v1/customers/:id/payment_methods'],
])('%s is of the route %s', (path, route) => {
  expect(stripeRoute(path)).toBe(route);
});
