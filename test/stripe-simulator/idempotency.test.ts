import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestSimulator } from './support.ts';
import { failureOf, sdk, startTestSimulator } from './support.ts';

let context: TestSimulator;

beforeAll(async () => {
  context = await startTestSimulator();
});

afterAll(() => context[Symbol.asyncDispose]());

test('the same key and parameters create once, and the answer is replayed', async () => {
  const { stripe, sim } = context;
  const create = () => stripe.customers.create({ email: 'once@example.com' }, { idempotencyKey: 'once' });
  const first = await create();
  const second = await create();
  expect(second.id).toBe(first.id);
  expect(first.lastResponse.headers).not.toHaveProperty('idempotent-replayed');
  expect(second.lastResponse.headers).toMatchObject({
    'idempotent-replayed': 'true',
    'idempotency-key': 'once',
    'original-request': first.lastResponse.requestId,
  });
  expect((await stripe.customers.list({ email: 'once@example.com' })).data).toHaveLength(1);
  const requests = (await sim.requests()).filter(({ idempotencyKey }) => idempotencyKey === 'once');
  expect(requests.map(({ replayed }) => replayed)).toEqual([false, true]);
});

test('the same key with other parameters is refused', async () => {
  const { stripe } = context;
  await stripe.customers.create({ name: 'a' }, { idempotencyKey: 'parameters' });
  const error = await failureOf(stripe.customers.create({ name: 'b' }, { idempotencyKey: 'parameters' }));
  expect(error).toMatchObject({ type: 'StripeIdempotencyError', statusCode: 400 });
});

test('a key that is in use is refused with 409, and the first request goes on', async () => {
  const { stripe, sim } = context;
  await sim.fault({ route: 'POST /v1/customers', kind: 'latency', count: 1, latencyMs: 200 });
  const create = () => stripe.customers.create({ email: 'twice@example.com' }, { idempotencyKey: 'in-use' });
  const results = await Promise.allSettled([create(), create()]);
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  const rejected = results.find((result) => result.status === 'rejected');
  expect(rejected?.reason).toMatchObject({ statusCode: 409, code: 'idempotency_key_in_use' });
  expect((await stripe.customers.list({ email: 'twice@example.com' })).data).toHaveLength(1);
});

test('a stored 500 is replayed: only a new key gets through', async () => {
  const { stripe, sim } = context;
  await sim.fault({ route: 'POST /v1/customers', kind: 'status_500' });
  const create = (idempotencyKey: string) => stripe.customers.create({ name: 'x' }, { idempotencyKey });
  expect(await failureOf(create('stored-500'))).toMatchObject({ statusCode: 500 });
  const replay = await failureOf(create('stored-500'));
  expect(replay).toMatchObject({ statusCode: 500, headers: { 'idempotent-replayed': 'true' } });
  expect((await create('stored-500-again')).object).toBe('customer');
});

test('a refused parameter is not stored: the mended request may use the key', async () => {
  const { stripe } = context;
  const options = { idempotencyKey: 'mended' };
  const wrong = stripe.invoices.create({ customer: 'cus_nobody' }, options);
  expect(await failureOf(wrong)).toMatchObject({
    code: 'resource_missing',
    param: 'customer',
    statusCode: 400,
  });
  const customer = await stripe.customers.create({});
  expect((await stripe.invoices.create({ customer: customer.id }, options)).status).toBe('draft');
});

test('a declined card is stored: the same key says the same again', async () => {
  const { stripe } = context;
  const customer = await stripe.customers.create({});
  const attach = () =>
    stripe.paymentMethods.attach(
      'pm_card_chargeDeclined',
      { customer: customer.id },
      { idempotencyKey: 'declined' },
    );
  expect(await failureOf(attach())).toMatchObject({ statusCode: 402 });
  expect(await failureOf(attach())).toMatchObject({
    statusCode: 402,
    headers: { 'idempotent-replayed': 'true' },
  });
});

test('a key is forgotten 24 hours later, by the clock of the simulator', async () => {
  const { stripe, sim } = context;
  const options = { idempotencyKey: 'a-day' };
  const first = await stripe.customers.create({ name: 'a' }, options);
  const now = await sim.now();
  await sim.clock(now + 86_390);
  expect((await stripe.customers.create({ name: 'a' }, options)).id).toBe(first.id);
  await sim.clock(now + 86_410);
  expect((await stripe.customers.create({ name: 'a' }, options)).id).not.toBe(first.id);
});

test('a key belongs to an API key: another one never meets it', async () => {
  const { stripe, simulator } = context;
  const other = sdk(simulator, `${simulator.testKey}_other`);
  const first = await stripe.customers.create({ name: 'a' }, { idempotencyKey: 'scoped' });
  const second = await other.customers.create({ name: 'b' }, { idempotencyKey: 'scoped' });
  expect(second.id).not.toBe(first.id);
});

test('a key of more than 255 characters is refused', async () => {
  const { stripe } = context;
  const error = await failureOf(stripe.customers.create({}, { idempotencyKey: 'x'.repeat(256) }));
  expect(error).toMatchObject({ type: 'StripeInvalidRequestError', statusCode: 400 });
});
