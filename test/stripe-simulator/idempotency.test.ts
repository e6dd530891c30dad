import { afterAll, beforeAll, expect, test } from 'vitest';
import { failureOf, sdk } from './support.ts';
import type { Target } from './target.ts';
import { onStripe, startTarget, unique, uniqueEmail } from './target.ts';

let context: Target;

beforeAll(async () => {
  context = await startTarget();
});

afterAll(() => context[Symbol.asyncDispose]());

test('the same key and parameters create once, and the answer is replayed', async () => {
  const { stripe } = context;
  const email = uniqueEmail('once');
  const create = () => stripe.customers.create({ email }, { idempotencyKey: unique('once') });
  const first = await create();
  const second = await create();
  expect(second.id).toBe(first.id);
  expect(first.lastResponse.headers).not.toHaveProperty('idempotent-replayed');
  expect(second.lastResponse.headers).toMatchObject({
    'idempotent-replayed': 'true',
    'idempotency-key': unique('once'),
    'original-request': first.lastResponse.requestId,
  });
  expect((await stripe.customers.list({ email })).data).toHaveLength(1);
});

test.skipIf(onStripe)('the log of requests tells which answers were replayed', async () => {
  const { stripe, sim } = context;
  const options = { idempotencyKey: 'logged' };
  await stripe.customers.create({}, options);
  await stripe.customers.create({}, options);
  const requests = (await sim.requests()).filter(({ idempotencyKey }) => idempotencyKey === 'logged');
  expect(requests.map(({ replayed }) => replayed)).toEqual([false, true]);
});

test('the same key with other parameters is refused', async () => {
  const { stripe } = context;
  await stripe.customers.create({ name: 'a' }, { idempotencyKey: unique('parameters') });
  const error = await failureOf(
    stripe.customers.create({ name: 'b' }, { idempotencyKey: unique('parameters') }),
  );
  expect(error).toMatchObject({ type: 'StripeIdempotencyError', statusCode: 400 });
});

test.skipIf(onStripe)('a key that is in use is refused with 409, and the first request goes on', async () => {
  const { stripe, sim } = context;
  await sim.fault({ route: 'POST /v1/customers', kind: 'latency', count: 1, latencyMs: 200 });
  const create = () =>
    stripe.customers.create({ email: 'twice@example.com' }, { idempotencyKey: unique('in-use') });
  const results = await Promise.allSettled([create(), create()]);
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  const rejected = results.find((result) => result.status === 'rejected');
  expect(rejected?.reason).toMatchObject({ statusCode: 409, code: 'idempotency_key_in_use' });
  expect((await stripe.customers.list({ email: 'twice@example.com' })).data).toHaveLength(1);
});

test.skipIf(onStripe)('a stored 500 is replayed: only a new key gets through', async () => {
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
  const options = { idempotencyKey: unique('mended') };
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
      { idempotencyKey: unique('declined') },
    );
  expect(await failureOf(attach())).toMatchObject({ statusCode: 402 });
  expect(await failureOf(attach())).toMatchObject({
    statusCode: 402,
    headers: { 'idempotent-replayed': 'true' },
  });
});

test.skipIf(onStripe)('a key is forgotten 24 hours later, by the clock of the simulator', async () => {
  const { stripe, sim } = context;
  const options = { idempotencyKey: unique('a-day') };
  const first = await stripe.customers.create({ name: 'a' }, options);
  const now = await sim.now();
  await sim.clock(now + 86_390);
  expect((await stripe.customers.create({ name: 'a' }, options)).id).toBe(first.id);
  await sim.clock(now + 86_410);
  expect((await stripe.customers.create({ name: 'a' }, options)).id).not.toBe(first.id);
});

test.skipIf(onStripe)('a key belongs to an API key: another one never meets it', async () => {
  const { stripe, simulator } = context;
  const other = sdk(simulator, `${simulator.testKey}_other`);
  const first = await stripe.customers.create({ name: 'a' }, { idempotencyKey: unique('scoped') });
  const second = await other.customers.create({ name: 'b' }, { idempotencyKey: unique('scoped') });
  expect(second.id).not.toBe(first.id);
});

test('a key of more than 255 characters is refused', async () => {
  const { stripe } = context;
  const error = await failureOf(stripe.customers.create({}, { idempotencyKey: unique('x').repeat(256) }));
  expect(error).toMatchObject({ type: 'StripeInvalidRequestError', statusCode: 400 });
});

test('the same key for another endpoint is refused', async () => {
  const { stripe } = context;
  const options = { idempotencyKey: unique('endpoint') };
  const customer = await stripe.customers.create({ name: 'a' }, options);
  const error = await failureOf(stripe.products.create({ name: 'a' }, options));
  expect(error).toMatchObject({ type: 'StripeIdempotencyError', statusCode: 400 });
  expect(error.message).toContain("('/v1/products' vs '/v1/customers')");
  expect(await failureOf(stripe.customers.update(customer.id, { name: 'a' }, options))).toMatchObject({
    type: 'StripeIdempotencyError',
  });
});

test('the order of the parameters does not matter', async () => {
  const { stripe } = context;
  const options = { idempotencyKey: unique('order') };
  const first = await stripe.customers.create({ name: 'a', email: 'a@example.com' }, options);
  expect((await stripe.customers.create({ email: 'a@example.com', name: 'a' }, options)).id).toBe(first.id);
});

test.skipIf(onStripe)('live and test mode have keys of their own', async () => {
  const { stripe, live } = context;
  const options = { idempotencyKey: unique('modes') };
  const test = await stripe.customers.create({ name: 'test' }, options);
  const real = await live.customers.create({ name: 'live' }, options);
  expect([test.livemode, real.livemode]).toEqual([false, true]);
});

test.skipIf(onStripe)('an expired key may be used for anything again', async () => {
  const { stripe, sim } = context;
  const options = { idempotencyKey: unique('expired') };
  await stripe.customers.create({ name: 'a' }, options);
  await sim.clock((await sim.now()) + 86_401);
  expect((await stripe.products.create({ name: 'b' }, options)).object).toBe('product');
});

test('a key of 255 characters is fine', async () => {
  const { stripe } = context;
  const options = { idempotencyKey: unique('').padEnd(255, 'x') };
  const first = await stripe.customers.create({}, options);
  expect((await stripe.customers.create({}, options)).id).toBe(first.id);
});

test('a parameter that is refused leaves its key free, whatever was wrong with it', async () => {
  const { stripe } = context;
  const create = (params: Record<string, string>) =>
    stripe.rawRequest('POST', '/v1/customers', params, { idempotencyKey: unique('refused') });
  expect(await failureOf(create({ nickname: 'x' }))).toMatchObject({ code: 'parameter_unknown' });
  expect(await failureOf(create({ balance: 'x' }))).toMatchObject({ code: 'parameter_invalid_integer' });
  expect(await create({ name: 'x' })).not.toHaveProperty('lastResponse.headers.idempotent-replayed');
});

test.skipIf(onStripe)('a 401 comes before any key', async () => {
  const { stripe, simulator } = context;
  const options = { idempotencyKey: unique('unauthorized') };
  expect(await failureOf(sdk(simulator, 'sk_test_none').customers.create({}, options))).toMatchObject({
    statusCode: 401,
  });
  expect((await stripe.customers.create({}, options)).lastResponse.headers).not.toHaveProperty(
    'idempotent-replayed',
  );
});

test.each(['GET', 'DELETE'])('a key has no effect on %s', async (method) => {
  const { stripe, api } = context;
  const { id } = await stripe.customers.create({});
  const request = (path: string) =>
    fetch(`${api.baseUrl}/v1/customers/${path}`, {
      method,
      headers: { authorization: `Bearer ${api.key}`, 'idempotency-key': unique(`no-effect-${method}`) },
    });
  const first = await request(id);
  expect(first.status).toBe(200);
  expect(first.headers.has('idempotency-key')).toBe(false);
  const other = await request('cus_none');
  expect(other.status).toBe(404);
  const again = await request(id);
  expect(again.headers.has('idempotent-replayed')).toBe(false);
  // A deletion is done once: it is not replayed either.
  expect(again.status).toBe(method === 'GET' ? 200 : 404);
});
