import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestSimulator } from './support.ts';
import { failureOf, sdk, startTestSimulator } from './support.ts';

let context: TestSimulator;

beforeAll(async () => {
  context = await startTestSimulator();
});

afterAll(() => context[Symbol.asyncDispose]());

/** A request the SDK's types would not allow. */
async function post(path: string, body: string, key = context.simulator.testKey) {
  const response = await fetch(`${context.simulator.baseUrl}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-www-form-urlencoded' },
    body,
  });
  const json: unknown = await response.json();
  return { status: response.status, json };
}

test('a request without a key is refused', async () => {
  const response = await fetch(`${context.simulator.baseUrl}/v1/customers`);
  expect(response.status).toBe(401);
});

test.each([
  'sk_live_51Hxyz',
  'sk_test_51Hxyz',
  'rk_live_51Hxyz',
  'sk_test_simulated',
  'sk_live',
  'pk_test_simulator',
  'sk_live_simulator-x',
])('the key %s could be real, so it is refused, and the reason does not repeat it', async (key) => {
  const error = await failureOf(sdk(context.simulator, key).customers.create({}));
  expect(error).toMatchObject({ type: 'StripeAuthenticationError', statusCode: 401 });
  expect(error.message).toContain('could be a real one');
  expect(error.message).not.toContain(`${key} `);
  const requests = await context.sim.requests();
  expect(JSON.stringify(requests.at(-1))).not.toContain(key);
});

test('the two modes never see each other, and say so', async () => {
  const { stripe, live } = context;
  const customer = await live.customers.create({ email: 'mode@example.com' });
  expect(customer.livemode).toBe(true);
  expect((await stripe.customers.list({ email: 'mode@example.com' })).data).toHaveLength(0);
  const error = await failureOf(stripe.customers.retrieve(customer.id));
  expect(error).toMatchObject({ statusCode: 404, code: 'resource_missing' });
  expect(error.message).toContain('a similar object exists in live mode, but a test mode key was used');
  expect((await stripe.events.list({ type: 'customer.created' })).data).toHaveLength(0);
  expect((await live.events.list({ type: 'customer.created' })).data).toMatchObject([{ livemode: true }]);
});

test.each([
  ['unknown', '/v1/customers', 'nickname=x', 'parameter_unknown', 'nickname'],
  [
    'unknown inside of a hash',
    '/v1/customers',
    'invoice_settings[x]=1',
    'parameter_unknown',
    'invoice_settings[x]',
  ],
  [
    'unknown inside of a list',
    '/v1/subscriptions',
    'customer=cus_1&items[0][price]=price_1&items[0][plan]=x',
    'parameter_unknown',
    'items[0][plan]',
  ],
  ['missing', '/v1/invoices', 'currency=usd', 'parameter_missing', 'customer'],
  [
    'missing inside of a list',
    '/v1/subscriptions',
    'customer=cus_1&items[0][quantity]=1',
    'parameter_missing',
    'items[0][price]',
  ],
  [
    'no whole number',
    '/v1/prices',
    'currency=usd&unit_amount=1.5&product=prod_1',
    'parameter_invalid_integer',
    'unit_amount',
  ],
  ['empty', '/v1/products', 'name=', 'parameter_invalid_empty', 'name'],
  [
    'removed in this version',
    '/v1/checkout/sessions',
    'mode=setup&payment_method_types[0]=card',
    'parameter_unknown',
    'payment_method_types',
  ],
])('a parameter that is %s is named', async (_what, path, body, code, param) => {
  const { status, json } = await post(path, body);
  expect(status).toBe(400);
  expect(json).toMatchObject({ error: { type: 'invalid_request_error', code, param } });
});

test.each([
  ['boolean', '/v1/products', 'name=x&active=maybe', 'active'],
  ['enum', '/v1/invoices', 'customer=cus_1&collection_method=later', 'collection_method'],
  ['hash', '/v1/customers', 'invoice_settings=x', 'invoice_settings'],
  ['string', '/v1/customers', 'email[a]=x', 'email'],
  ['metadata value', '/v1/customers', 'metadata[a][b]=x', 'metadata[a]'],
])('a wrong %s is refused', async (_what, path, body, param) => {
  const { status, json } = await post(path, body);
  expect(status).toBe(400);
  expect(json).toMatchObject({ error: { type: 'invalid_request_error', param } });
});

test('setup mode needs a currency', async () => {
  const { stripe } = context;
  const create = stripe.checkout.sessions.create({ mode: 'setup', success_url: 'https://example.com' });
  expect(await failureOf(create)).toMatchObject({ code: 'parameter_missing', param: 'currency' });
});

test('what a path names is 404, what a parameter names is 400', async () => {
  const { stripe } = context;
  expect(await failureOf(stripe.invoices.retrieve('in_none'))).toMatchObject({
    statusCode: 404,
    param: 'id',
  });
  expect(await failureOf(stripe.invoices.create({ customer: 'cus_none' }))).toMatchObject({
    statusCode: 400,
    param: 'customer',
  });
});

test('an unknown path is a 404 of its own', async () => {
  expect(await post('/v1/nothing', '')).toMatchObject({
    status: 404,
    json: { error: { type: 'invalid_request_error' } },
  });
});

test('a body that is too large is refused', async () => {
  expect(await post('/v1/customers', `description=${'x'.repeat(5_000_000)}`)).toMatchObject({ status: 413 });
});

test('a deleted customer says so, and can no longer be used', async () => {
  const { stripe } = context;
  const customer = await stripe.customers.create({});
  expect(await stripe.customers.del(customer.id)).toEqual(
    expect.objectContaining({ id: customer.id, deleted: true }),
  );
  expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ object: 'customer', deleted: true });
  expect(await failureOf(stripe.invoices.create({ customer: customer.id }))).toMatchObject({
    code: 'resource_missing',
  });
});

test('metadata is merged, an empty value unsets its key', async () => {
  const { stripe } = context;
  const customer = await stripe.customers.create({ metadata: { a: '1', b: '2' } });
  const updated = await stripe.customers.update(customer.id, { metadata: { b: '', c: '3' } });
  expect(updated.metadata).toEqual({ a: '1', c: '3' });
  expect((await stripe.customers.update(customer.id, { metadata: '' })).metadata).toEqual({});
});

test('what can not be expanded is refused, and nothing was done', async () => {
  const { stripe } = context;
  const create = stripe.customers.create({ email: 'expand@example.com', expand: ['email'] });
  expect(await failureOf(create)).toMatchObject({ statusCode: 400 });
  expect((await stripe.customers.list({ email: 'expand@example.com' })).data).toHaveLength(0);
});
