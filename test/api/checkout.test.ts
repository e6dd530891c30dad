import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { BILLING_TASK_QUEUE, customerRegistrationWorkflowId } from '../../domain/workflow-contracts.ts';
import { error, request, startTestApi, type TestApi } from './harness.ts';

let api: TestApi;
let connection: NativeConnection;
let worker: Worker;
let running: Promise<void>;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  connection = await NativeConnection.connect({ address: inject('temporalAddress') });
  api = await startTestApi();
  worker = await startWorker(api);
  running = worker.run();
});
afterAll(async () => {
  worker.shutdown();
  await running;
  await api.close();
  await connection.close();
});

async function startWorker({ temporal }: TestApi): Promise<Worker> {
  return await Worker.create({
    connection,
    namespace: temporal.options.namespace,
    taskQueue: BILLING_TASK_QUEUE,
    workflowsPath: fileURLToPath(new URL('./fixtures/checkout-workflows.ts', import.meta.url)),
  });
}

const PAGES = { mode: 'setup', successUrl: 'https://shop.example/ok', cancelUrl: 'http://localhost:3000/no' };

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

describe('a bad request starts nothing', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['a mode that does not exist', { ...PAGES, mode: 'subscription' }, 'mode'],
    ['credits, until they can be bought', { ...PAGES, mode: 'credits', credits: 10 }, 'mode'],
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
    const late = await startWorker(lonely);
    const answers = await late.runUntil(Promise.all([checkoutThere('stranger'), checkoutThere('customer')]));
    expect(answers).toMatchObject([
      { status: 201, body: { id: 'cs_1_cus_of_stranger' } },
      { status: 201, body: { id: 'cs_1_cus_2' } },
    ]);
  } finally {
    await lonely.close();
  }
});
