import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestSimulator } from './support.ts';
import { failureOf, sdk, startTestSimulator } from './support.ts';

let context: TestSimulator;

beforeAll(async () => {
  context = await startTestSimulator();
});

afterAll(() => context[Symbol.asyncDispose]());

const create = (idempotencyKey: string) =>
  context.stripe.customers.create({ email: `${idempotencyKey}@example.com` }, { idempotencyKey });
const created = async (idempotencyKey: string) =>
  (await context.stripe.customers.list({ email: `${idempotencyKey}@example.com` })).data.length;

test('a fault strikes as often as it says, and only its route', async () => {
  const { stripe, sim } = context;
  await sim.fault({ route: 'POST /v1/customers/:id', kind: 'status_500', count: 2 });
  const customer = await stripe.customers.create({});
  for (let strike = 0; strike < 2; strike += 1) {
    expect(await failureOf(stripe.customers.update(customer.id, { name: 'x' }))).toMatchObject({
      statusCode: 500,
    });
  }
  expect((await stripe.customers.update(customer.id, { name: 'x' })).name).toBe('x');
});

test('processed without an answer: the work is done once, and the retry gets its result', async () => {
  const { sim, stripe } = context;
  await sim.fault({ route: 'POST /v1/customers', kind: 'processed_without_answer' });
  // The SDK tries again by itself when a connection is reset, once, even with maxNetworkRetries 0.
  const retried = await create('no-answer');
  expect(retried.lastResponse.headers).toMatchObject({ 'idempotent-replayed': 'true' });
  expect((await stripe.customers.retrieve(retried.id)).id).toBe(retried.id);
  expect(await created('no-answer')).toBe(1);
  const answers = (await sim.requests()).filter(({ idempotencyKey }) => idempotencyKey === 'no-answer');
  expect(answers.map(({ status, replayed }) => [status, replayed])).toEqual([
    [null, false],
    [200, true],
  ]);
});

test('a reset breaks the connection before anything was done', async () => {
  const { sim } = context;
  await sim.fault({ route: 'POST /v1/customers', kind: 'reset', count: 2 });
  expect(await failureOf(create('reset'))).toMatchObject({ type: 'StripeConnectionError' });
  expect(await created('reset')).toBe(0);
  await create('reset');
  expect(await created('reset')).toBe(1);
});

test('a rate limit says its reason, or does not, and is not stored; a lock timeout is', async () => {
  const { sim } = context;
  await sim.fault({ route: 'POST /v1/customers', kind: 'status_429', reason: 'endpoint-rate' });
  expect(await failureOf(create('limited'))).toMatchObject({
    type: 'StripeRateLimitError',
    headers: { 'stripe-rate-limited-reason': 'endpoint-rate' },
  });
  expect((await create('limited')).object).toBe('customer');

  await sim.fault({ route: 'POST /v1/customers', kind: 'status_429', reason: null });
  const unexplained = await failureOf(create('unexplained'));
  expect(unexplained).toMatchObject({ type: 'StripeRateLimitError', code: 'rate_limit' });
  expect(unexplained.headers).not.toHaveProperty('stripe-rate-limited-reason');
  expect((await create('unexplained')).object).toBe('customer');

  await sim.fault({ route: 'POST /v1/customers', kind: 'status_429', reason: 'lock_timeout' });
  expect(await failureOf(create('locked'))).toMatchObject({ statusCode: 429, code: 'lock_timeout' });
  expect(await failureOf(create('locked'))).toMatchObject({ headers: { 'idempotent-replayed': 'true' } });
});

test('a restricted key without a permission is refused, and nothing is done or stored', async () => {
  const { sim } = context;
  await sim.fault({ route: 'POST /v1/customers', kind: 'status_403' });
  expect(await failureOf(create('forbidden'))).toMatchObject({
    type: 'StripePermissionError',
    statusCode: 403,
  });
  expect(await created('forbidden')).toBe(0);
  expect((await create('forbidden')).object).toBe('customer');
});

test('a conflict is not stored', async () => {
  const { sim } = context;
  await sim.fault({ route: 'POST /v1/customers', kind: 'status_409' });
  expect(await failureOf(create('conflict'))).toMatchObject({ statusCode: 409 });
  expect((await create('conflict')).object).toBe('customer');
});

test('a 500 without an error key passes the SDK as if it were an answer', async () => {
  const { sim } = context;
  await sim.fault({ route: 'POST /v1/customers', kind: 'status_500_without_error' });
  const answer = await create('no-error-key');
  expect(answer).not.toHaveProperty('id');
  expect(answer.lastResponse.statusCode).toBe(500);
  expect(await created('no-error-key')).toBe(0);
});

test("a proxy's page is no answer", async () => {
  const { sim } = context;
  await sim.fault({ route: 'POST /v1/customers', kind: 'html' });
  await expect(create('html')).rejects.toThrow(/JSON/);
  expect(await created('html')).toBe(0);
});

test("the SDK's own retries ride over faults", async () => {
  const { sim, simulator } = context;
  await sim.fault({ route: 'POST /v1/customers', kind: 'status_409' });
  await sim.fault({ route: 'POST /v1/customers', kind: 'reset' });
  const patient = sdk(simulator);
  const customer = await patient.customers.create({ name: 'patient' }, { maxNetworkRetries: 3 });
  expect(customer.name).toBe('patient');
});

test('faults are listed and cleared, and a wrong one is refused with the reason', async () => {
  const { sim } = context;
  await sim.fault({ route: 'GET /v1/account', kind: 'reset', count: 5 });
  expect((await sim.call('GET', '/faults')).json).toMatchObject({
    faults: [{ kind: 'reset', remaining: 5 }],
  });
  await sim.call('DELETE', '/faults');
  expect((await sim.call('GET', '/faults')).json).toEqual({ faults: [] });
  expect(await sim.fault({ route: '/v1/account', kind: 'reset' })).toMatchObject({ status: 400 });
  expect(await sim.fault({ route: 'GET /v1/account', kind: 'earthquake' })).toMatchObject({ status: 400 });
});
