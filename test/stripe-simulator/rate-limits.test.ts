import { afterEach, beforeEach, expect, test } from 'vitest';
import { RateLimits } from '../../stripe-simulator/rate-limits.ts';
import type { TestSimulator } from './support.ts';
import { failureOf, startTestSimulator } from './support.ts';

let context: TestSimulator;

beforeEach(async () => {
  context = await startTestSimulator();
});

afterEach(() => context[Symbol.asyncDispose]());

test('there are no limits until they are switched on', async () => {
  const { stripe } = context;
  const calls = Array.from({ length: 60 }, () => stripe.customers.list({ limit: 1 }));
  expect(await Promise.all(calls)).toHaveLength(60);
});

test('the 26th request to an endpoint within a second is refused, and says why', async () => {
  const { stripe, live, sim } = context;
  // Slower than Stripe, so that a slow machine doesn't refill the bucket meanwhile.
  await sim.call('POST', '/rate-limits', { live: 4, test: 3, perEndpoint: 2 });
  await live.customers.list({ limit: 1 });
  await live.customers.list({ limit: 1 });
  const refused = await failureOf(live.customers.list({ limit: 1 }));
  expect(refused).toMatchObject({ statusCode: 429, code: 'rate_limit', type: 'StripeRateLimitError' });
  expect(refused.headers?.['stripe-rate-limited-reason']).toBe('endpoint-rate');
  await stripe.customers.list({ limit: 1 });
  await stripe.products.list({ limit: 1 });
  await stripe.prices.list({ limit: 1 });
  const global = await failureOf(stripe.invoices.list({ limit: 1 }));
  expect(global.headers?.['stripe-rate-limited-reason']).toBe('global-rate');
  await sim.call('POST', '/rate-limits', { enabled: false });
  expect((await stripe.customers.list({ limit: 1 })).data).toEqual([]);
});

test('a refused request is not stored under its idempotency key', async () => {
  const { stripe, sim } = context;
  await sim.call('POST', '/rate-limits', { test: 0.001 });
  const options = { idempotencyKey: 'again' };
  expect(await failureOf(stripe.customers.create({}, options))).toMatchObject({ statusCode: 429 });
  await sim.call('POST', '/rate-limits', { enabled: false });
  expect((await stripe.customers.create({}, options)).object).toBe('customer');
});

test('a bucket holds a second of requests, and fills as time goes by', () => {
  const limits = new RateLimits();
  limits.set({ enabled: true, live: 100, test: 25, perEndpoint: 25 });
  const admitted = (nowMs: number) => {
    let count = 0;
    while (limits.refuse('test', 'GET /v1/customers', nowMs) === undefined) count += 1;
    return count;
  };
  expect(admitted(0)).toBe(25);
  expect(admitted(200)).toBe(5);
  expect(admitted(60_000)).toBe(25);
});
