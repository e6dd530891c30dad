import { randomUUID } from 'node:crypto';
import { Client, ServiceError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerCustomer } from '../../api/temporal/stripe-pages.ts';
import { customerBillingWorkflowId, customerRegistrationWorkflowId } from '../../domain/customer-workflow.ts';
import { startCheckoutWorker } from './checkout-worker.ts';
import { error, request, startTestApi, type TestApi, textLike } from './harness.ts';

let api: TestApi;
let stopWorker: () => Promise<void>;
beforeAll(async () => {
  api = await startTestApi();
  stopWorker = await startCheckoutWorker(api);
});
afterAll(async () => {
  await stopWorker();
  await api.close();
});

const PAGES = { mode: 'setup', successUrl: 'https://shop.example/ok', cancelUrl: 'http://localhost:3000/no' };
const CREDITS = { ...PAGES, mode: 'credits', credits: 25 };

async function newUser(name = 'user'): Promise<string> {
  const userId = `${name}-${randomUUID()}`;
  await request(api, 'PUT', `/api/users/${userId}`, { json: { email: 'eve@example.com', name: 'Eve' } });
  return userId;
}

function checkout(userId: string, json: unknown = PAGES, key?: string) {
  const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key };
  return request(api, 'POST', `/api/users/${userId}/checkout-sessions`, { json, headers });
}

test('a user without a Stripe customer gets one first, then the session', async () => {
  const userId = await newUser();
  expect(await checkout(userId, PAGES, 'key-1')).toMatchObject({
    status: 201,
    body: { id: `cs_1_cus_of_${userId}`, url: 'https://checkout.example/1' },
  });
});

test('what Temporal did not even start in time is to be sent again', async () => {
  const { connection: reached, options } = api.temporal;
  const lost = new Client({
    connection: reached,
    namespace: options.namespace,
    interceptors: {
      workflow: [{ start: () => Promise.reject(new ServiceError('4 DEADLINE_EXCEEDED')) }],
    },
  });
  await expect(registerCustomer(lost, 'test', `user-${randomUUID()}`)).rejects.toMatchObject({
    status: 503,
    code: 'worker_unavailable',
  });
});

test('a user who is a customer already is not registered again', async () => {
  const userId = await newUser();
  const stripeCustomerId = `cus_${randomUUID()}`;
  await api.db
    .updateTable('users')
    .set({ stripe_customer_id: stripeCustomerId })
    .where('user_id', '=', userId)
    .execute();
  expect(await checkout(userId, PAGES, 'key-1')).toMatchObject({
    status: 201,
    body: { id: `cs_1_${stripeCustomerId}` },
  });
  const registration = api.temporal.workflow.getHandle(customerRegistrationWorkflowId('test', userId));
  await expect(registration.describe()).rejects.toThrow(/not found/i);
});

test('the same Idempotency-Key gives the same session, also at the same time; another key, or none, another', async () => {
  const userId = await newUser();
  const [first, again] = await Promise.all([
    checkout(userId, PAGES, 'key-1'),
    checkout(userId, PAGES, 'key-1'),
  ]);
  expect(first.status).toBe(201);
  expect(again.body).toEqual(first.body);
  const others = [await checkout(userId, PAGES, 'key-2'), await checkout(userId), await checkout(userId)];
  const ids = [first, ...others].map(({ body }) => JSON.stringify(body));
  expect(new Set(ids).size).toBe(4);
});

describe('credits', () => {
  /** What the customer's workflow was asked for, oldest first. */
  async function requestsTo(stripeCustomerId: string): Promise<unknown[]> {
    const workflow = api.temporal.workflow.getHandle(customerBillingWorkflowId('test', stripeCustomerId));
    const { events } = await workflow.fetchHistory();
    return (events ?? [])
      .flatMap((event) => event.workflowExecutionUpdateAcceptedEventAttributes ?? [])
      .map(({ acceptedRequest }) => acceptedRequest?.input?.args?.payloads?.[0]?.data ?? new Uint8Array())
      .map((data): unknown => JSON.parse(Buffer.from(data).toString()));
  }

  test('are bought as many as were asked for', async () => {
    const userId = await newUser();
    expect(await checkout(userId, CREDITS)).toMatchObject({ status: 201 });
    expect(await requestsTo(`cus_of_${userId}`)).toMatchObject([CREDITS]);
  });

  test('a card is asked for without any', async () => {
    const userId = await newUser();
    await checkout(userId);
    const [asked] = await requestsTo(`cus_of_${userId}`);
    expect(asked).toMatchObject(PAGES);
    expect(asked).not.toHaveProperty('credits');
  });

  test('a key that was used for a card, or for other credits, gives no session of those', async () => {
    const userId = await newUser();
    const asked = [PAGES, CREDITS, { ...CREDITS, credits: 26 }];
    const answers = [];
    for (const json of [...asked, ...asked]) answers.push(await checkout(userId, json, 'key-1'));
    const ids = answers.map(({ body }) => (body as { readonly id: string }).id);
    expect(new Set(ids).size).toBe(3);
    expect(ids.slice(3)).toEqual(ids.slice(0, 3));
  });
});

describe("what Stripe refuses is a 502 that names Stripe's reason, and nothing else of the failure", () => {
  test.each([
    ['the registration', 'refused', PAGES],
    ['the session', 'user', { ...PAGES, successUrl: 'https://shop.example/refused' }],
  ])('%s', async (_, name, json) => {
    const { status, body } = await checkout(await newUser(name), json);
    expect({ status, body }).toMatchObject({ status: 502, body: error('stripe_refused') });
    expect(JSON.stringify(body)).toContain('StripeRefused, resource_missing, req_1');
    expect(JSON.stringify(body)).not.toContain('eve@example.com');
  });
});

test('what failed before Stripe was asked is not said to be its refusal', async () => {
  const { body } = await checkout(await newUser('forgotten'), PAGES);
  expect(body).toEqual({
    error: { code: 'stripe_refused', message: 'It could not be done (UserNotFound)' },
  });
});

test('a key whose session is over is a 409 that says to take a new one', async () => {
  const { status, body } = await checkout(
    await newUser(),
    { ...PAGES, successUrl: 'https://shop.example/over' },
    'key-1',
  );
  expect({ status, body }).toMatchObject({ status: 409, body: error('checkout_over', 'Idempotency-Key') });
  expect(body).toMatchObject({
    error: { message: textLike(/start another one with a new Idempotency-Key$/) },
  });
});

describe('a bad request starts nothing', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['a mode that does not exist', { ...PAGES, mode: 'subscription' }, 'mode'],
    ['no mode', { ...PAGES, mode: undefined }, 'mode'],
    ['credits with a card', { ...PAGES, credits: 10 }, 'credits'],
    ['a purchase of nothing', { ...CREDITS, credits: 0 }, 'credits'],
    ['a purchase without a number', { ...CREDITS, credits: undefined }, 'credits'],
    ['half a credit', { ...CREDITS, credits: 1.5 }, 'credits'],
    ['credits as text', { ...CREDITS, credits: '25' }, 'credits'],
    ['more credits than anybody means', { ...CREDITS, credits: 10_001 }, 'credits'],
    ['a body that is no object', [] as unknown as Record<string, unknown>, 'body'],
    ['no success page', { ...PAGES, successUrl: undefined }, 'successUrl'],
    ['a relative URL', { ...PAGES, successUrl: '/ok' }, 'successUrl'],
    ['a URL that is a script', { ...PAGES, cancelUrl: 'javascript:alert(1)' }, 'cancelUrl'],
    ['a parameter that is not known', { ...PAGES, price: 1 }, 'price'],
  ])('%s', async (_, json, param) => {
    const userId = await newUser();
    expect(await checkout(userId, json)).toMatchObject({
      status: 400,
      body: error('invalid_parameter', param),
    });
    const registration = api.temporal.workflow.getHandle(customerRegistrationWorkflowId('test', userId));
    await expect(registration.describe()).rejects.toThrow(/not found/i);
  });

  test.each([
    [{ ...PAGES, mode: 'subscription' }, 'mode: must be "setup" or "credits"'],
    [{ ...PAGES, credits: 10 }, 'credits: goes with the mode "credits" only'],
    [{ ...CREDITS, credits: 10_001 }, 'credits: must be a whole number from 1 to 10000'],
  ])('%j is told what is wrong', async (json, message) => {
    expect(await checkout(await newUser(), json)).toMatchObject({ body: { error: { message } } });
  });

  test('an unknown user, a key that is too long', async () => {
    expect(await checkout('nobody')).toMatchObject({ status: 404, body: error('user_not_found', 'userId') });
    expect(await checkout(await newUser(), PAGES, 'k'.repeat(256))).toMatchObject({
      status: 400,
      body: error('invalid_parameter', 'Idempotency-Key'),
    });
  });
});

test('a mode that is not set up is a 503', async () => {
  const half = await startTestApi({ webhookSecrets: { live: ['whsec_live'], test: [] } });
  try {
    await request(half, 'PUT', '/api/users/u1', { json: { email: 'eve@example.com', name: 'Eve' } });
    const answer = await request(half, 'POST', '/api/users/u1/checkout-sessions', { json: PAGES });
    expect(answer).toMatchObject({ status: 503, body: error('mode_not_configured') });
  } finally {
    await half.close();
  }
});

test('without a worker it is a 503 that says so; sent again with the same key once one runs, it succeeds', async () => {
  const lonely = await startTestApi();
  const checkoutThere = (userId: string) =>
    request(lonely, 'POST', `/api/users/${userId}/checkout-sessions`, {
      json: PAGES,
      headers: { 'idempotency-key': 'key-1' },
    });
  try {
    for (const userId of ['stranger', 'customer']) {
      await request(lonely, 'PUT', `/api/users/${userId}`, {
        json: { email: 'eve@example.com', name: 'Eve' },
      });
    }
    await lonely.db
      .updateTable('users')
      .set({ stripe_customer_id: 'cus_2' })
      .where('user_id', '=', 'customer')
      .execute();
    for (const answer of await Promise.all([checkoutThere('stranger'), checkoutThere('customer')])) {
      expect(answer).toMatchObject({ status: 503, body: error('worker_unavailable') });
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    }
    const stopLateWorker = await startCheckoutWorker(lonely);
    const answers = await Promise.all([checkoutThere('stranger'), checkoutThere('customer')]);
    await stopLateWorker();
    expect(answers).toMatchObject([
      { status: 201, body: { id: 'cs_1_cus_of_stranger' } },
      { status: 201, body: { id: 'cs_1_cus_2' } },
    ]);
  } finally {
    await lonely.close();
  }
});
