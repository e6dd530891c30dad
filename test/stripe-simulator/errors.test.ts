import { afterAll, beforeAll, expect, test } from 'vitest';
import { failureOf, sdk } from './support.ts';
import type { Target } from './target.ts';
import { onStripe, startTarget, uniqueEmail } from './target.ts';

let context: Target;

beforeAll(async () => {
  context = await startTarget();
});

afterAll(() => context[Symbol.asyncDispose]());

async function get(path: string) {
  const response = await fetch(`${context.api.baseUrl}${path}`, {
    headers: { authorization: `Bearer ${context.api.key}` },
  });
  const json: unknown = await response.json();
  return { status: response.status, json };
}

/** A request the SDK's types would not allow. */
async function post(path: string, body: string, key = context.api.key) {
  const response = await fetch(`${context.api.baseUrl}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-www-form-urlencoded' },
    body,
  });
  const json: unknown = await response.json();
  return { status: response.status, json };
}

test('a request without a key is refused', async () => {
  const response = await fetch(`${context.api.baseUrl}/v1/customers`);
  expect(response.status).toBe(401);
});

test
  .skipIf(onStripe)
  .each([
    'sk_live_51Hxyz',
    'sk_test_51Hxyz',
    'rk_live_51Hxyz',
    'sk_test_simulated',
    'sk_live',
    'sk_live_simulator-x',
  ])('the key %s could be real, so it is refused, and the reason does not repeat it', async (key) => {
  const error = await failureOf(sdk(context.simulator, key).customers.create({}));
  expect(error).toMatchObject({ type: 'StripeAuthenticationError', statusCode: 401 });
  expect(error.message).toContain('could be a real one');
  expect(error.message).not.toContain(`${key} `);
  const requests = await context.sim.requests();
  expect(JSON.stringify(requests.at(-1))).not.toContain(key);
});

test.skipIf(onStripe)('the two modes never see each other, and say so', async () => {
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
  ['boolean', '/v1/products', 'name=x&active=maybe', 'active', 'Invalid boolean: maybe'],
  [
    'enum',
    '/v1/invoices',
    'customer=cus_1&collection_method=later',
    'collection_method',
    'Invalid collection_method: must be one of charge_automatically or send_invoice',
  ],
  [
    'nested enum',
    '/v1/prices',
    'currency=usd&product=prod_1&unit_amount=1&recurring[interval]=hour',
    'recurring[interval]',
    'Invalid recurring[interval]: must be one of month, year, week, or day',
  ],
  ['hash', '/v1/customers', 'invoice_settings=x', 'invoice_settings', 'Invalid object'],
  ['array', '/v1/customers', 'preferred_locales=en', 'preferred_locales', 'Invalid array'],
  ['string', '/v1/customers', 'email[a]=x', 'email', 'Invalid string: {"a":"x"}'],
  ['metadata value', '/v1/customers', 'metadata[a][b]=x', 'metadata[a]', 'Invalid string: {"b":"x"}'],
  [
    'too long metadata value',
    '/v1/customers',
    `metadata[a]=${'x'.repeat(501)}`,
    'metadata[a]',
    'Metadata values can have up to 500 characters, but you passed in a value that is 501 characters.',
  ],
  [
    'too long string',
    '/v1/customers',
    `name=begin${'x'.repeat(5_000)}end`,
    'name',
    'Invalid string: begi...xend; must be at most 5000 characters',
  ],
  ['too many elements', '/v1/customers', 'expand[]=a&'.repeat(21), 'expand', 'maximum 20 allowed elements'],
  ['negative number', '/v1/prices', 'currency=usd&product=p&unit_amount=-1', 'unit_amount', 'equal to 0'],
  ['URL', '/v1/webhook_endpoints', 'url=example.com&enabled_events[]=*', 'url', 'An explicit scheme'],
])('a wrong %s is refused', async (_what, path, body, param, message) => {
  const { status, json } = await post(path, body);
  expect(status).toBe(400);
  expect(json).toMatchObject({ error: { type: 'invalid_request_error', param } });
  expect(JSON.stringify(json)).toContain(JSON.stringify(message).slice(1, -1));
});

test.each([
  ['e-mail address', '/v1/customers', 'email=nobody', { code: 'email_invalid', param: 'email' }],
  ['integer', '/v1/prices', 'currency=usd&product=p&unit_amount=x', { code: 'parameter_invalid_integer' }],
  ['limit', '/v1/customers?limit=101', undefined, { code: 'parameter_invalid_integer', param: 'limit' }],
  ['URL', '/v1/webhook_endpoints', 'url=x&enabled_events[]=*', { code: 'url_invalid', param: 'url' }],
])('a wrong %s has a code of its own', async (_what, path, body, error) => {
  const { status, json } = body === undefined ? await get(path) : await post(path, body);
  expect(status).toBe(400);
  expect(json).toMatchObject({ error: { type: 'invalid_request_error', ...error } });
});

test('a typing error is told what was meant, and all unknown parameters are named', async () => {
  expect((await post('/v1/customers', 'emial=x&emails=y')).json).toMatchObject({
    error: { message: 'Received unknown parameters: emial, emails', param: 'emial' },
  });
  expect((await post('/v1/customers', 'emails=y')).json).toMatchObject({
    error: { message: 'Received unknown parameter: emails. Did you mean email?', code: 'parameter_unknown' },
  });
});

test('an error says where to read about it, and which request it was', async () => {
  const { json } = await post('/v1/customers', 'nickname=x');
  expect(json).toMatchObject({
    error: {
      doc_url: 'https://stripe.com/docs/error-codes/parameter-unknown',
    },
  });
  expect(JSON.stringify(json)).toMatch(/"request_log_url":"[^"]*req_\w+"/);
});

test.skipIf(onStripe).each([
  ['pk_test_simulator', 'secret_key_required', 'cannot be made with a publishable API key'],
  ['sk_test_simulator_expired', 'api_key_expired', 'Expired API Key provided: sk_test_********ired'],
])('the key %s is refused with the code %s', async (key, code, message) => {
  const error = await failureOf(sdk(context.simulator, key).customers.list());
  expect(error).toMatchObject({ type: 'StripeAuthenticationError', statusCode: 401, code });
  expect(error.message).toContain(message);
});

test('a cursor that is not there is refused', async () => {
  const { stripe } = context;
  expect(await failureOf(stripe.customers.list({ starting_after: 'cus_none' }))).toMatchObject({
    statusCode: 400,
    code: 'resource_missing',
    param: 'starting_after',
    message: "No such customer: 'cus_none'",
  });
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

test.skipIf(onStripe).each(['//', '//v1/customers'])(
  'a path that begins twice, %s, is a 404 like others, and is noted',
  async (path) => {
    expect(await get(path)).toMatchObject({
      status: 404,
      json: { error: { type: 'invalid_request_error' } },
    });
    expect((await context.sim.requests()).at(-1)).toMatchObject({ path, status: 404 });
  },
);

test.skipIf(onStripe).each(['/checkout/%zz', '/portal/%E0%A4%A', '/%zz'])(
  'the page at /_sim%s is not there: what is badly encoded is no id',
  async (path) => {
    expect(await context.sim.call('GET', path)).toMatchObject({
      status: 404,
      json: { error: { type: 'invalid_request_error' } },
    });
  },
);

test.skipIf(onStripe)('a body that is too large is refused', async () => {
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
  const create = stripe.customers.create({ email: uniqueEmail('expand'), expand: ['email'] });
  expect(await failureOf(create)).toMatchObject({ statusCode: 400 });
  expect((await stripe.customers.list({ email: uniqueEmail('expand') })).data).toHaveLength(0);
});
