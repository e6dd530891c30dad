import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeUser, eraseUserRows } from '../../db/erasure.ts';
import { findUser } from '../../db/users.ts';
import type { Mode } from '../../domain/mode.ts';
import { testPurchaseWorkflowId } from '../../domain/test-purchase.ts';
import { error, request, startTestApi, type TestApi } from './harness.ts';

// What becomes of a purchase, test/workflows/test-purchase.test.ts says. Here no worker runs.

const PATH = '/api/admin/billing-test';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

async function newUser(mode: Mode = 'test'): Promise<string> {
  const userId = `user-${randomUUID()}`;
  const json = { email: `${userId}@example.com`, name: 'Eve' };
  await request(api, 'PUT', `/api/users/${userId}`, { mode, json });
  return userId;
}

async function buy(json: unknown, key?: string) {
  const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key };
  const answer = await request(api, 'POST', PATH, { json, headers });
  return { ...answer, body: answer.body as { readonly id: string } };
}

const workflowOf = (id: string) => api.temporal.workflow.getHandle(testPurchaseWorkflowId(id));

test('a purchase is started, and shows at once', async () => {
  const asked = { userId: await newUser(), credits: 25, card: 'authentication' };
  const { status, body } = await buy(asked);
  expect(status).toBe(201);
  expect(body).toMatchObject({ ...asked, status: 'processing', paymentIntentId: null, link: null });
  const described = await workflowOf(body.id).describe();
  expect(described).toMatchObject({ type: 'testPurchaseWorkflow', taskQueue: 'billing' });
  expect(await described.staticSummary()).toBe(
    `Test purchase of 25 credits for ${asked.userId}, card: authentication`,
  );
  expect(await request(api, 'GET', PATH)).toMatchObject({ status: 200, body: { purchases: [body] } });
  expect(await request(api, 'GET', `${PATH}/${body.id}`)).toMatchObject({
    status: 200,
    body: { ...body, steps: [] },
  });
});

test('the same Idempotency-Key is the same purchase, also at the same time; without one each is another', async () => {
  const asked = { userId: await newUser(), credits: 3, card: 'success' };
  const answers = await Promise.all([buy(asked, 'key-1'), buy(asked, 'key-1'), buy(asked), buy(asked)]);
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
  const [first, again, ...others] = answers.map(({ body }) => body.id);
  expect(again).toBe(first);
  expect(new Set([first, ...others]).size).toBe(3);
});

test('the same Idempotency-Key with another request is refused, and starts nothing', async () => {
  const asked = { userId: await newUser(), credits: 3, card: 'success' };
  await buy(asked, 'key-2');
  for (const other of [{ credits: 4 }, { card: 'decline' }, { userId: await newUser() }]) {
    expect(await buy({ ...asked, ...other }, 'key-2')).toMatchObject({
      status: 409,
      body: error('idempotency_key_reused', 'Idempotency-Key'),
    });
  }
  expect(await buy(asked, 'key-2')).toMatchObject({ status: 201, body: asked });
});

test('a user whom only live mode knows is registered in test mode, with the same e-mail and name', async () => {
  const userId = await newUser('live');
  expect(await findUser(api.db, 'test', userId)).toBeUndefined();
  expect(await buy({ userId, credits: 1, card: 'success' })).toMatchObject({ status: 201 });
  const live = await findUser(api.db, 'live', userId);
  expect(await findUser(api.db, 'test', userId)).toMatchObject({
    email: live?.email,
    name: 'Eve',
    status: 'none',
    stripe_customer_id: null,
  });
});

test('a user whom test mode knows stays as they are there', async () => {
  const userId = await newUser('live');
  await request(api, 'PUT', `/api/users/${userId}`, { json: { email: 'other@example.com', name: 'Other' } });
  await buy({ userId, credits: 1, card: 'success' });
  expect(await findUser(api.db, 'test', userId)).toMatchObject({ email: 'other@example.com', name: 'Other' });
});

describe('what can not be is refused, and starts nothing', () => {
  const asked = { userId: 'user_1', credits: 25, card: 'success' };

  test.each([
    ['no object', null, 'body'],
    ['a card of nobody', { ...asked, card: '4242424242424242' }, 'card'],
    ['no credits', { ...asked, credits: 0 }, 'credits'],
    ['half a credit', { ...asked, credits: 0.5 }, 'credits'],
    ['too many', { ...asked, credits: 10_001 }, 'credits'],
    ['a mode', { ...asked, mode: 'live' }, 'mode'],
  ])('%s', async (_, json, param) => {
    expect(await buy(json)).toMatchObject({ status: 400, body: error('invalid_parameter', param) });
  });

  test('a user whom nobody knows', async () => {
    expect(await buy({ ...asked, userId: 'nobody' })).toMatchObject({
      status: 404,
      body: error('user_not_found', 'userId'),
    });
  });

  test.each(['live', 'test'] as const)('a user whose data was erased in %s mode', async (mode) => {
    const userId = await newUser(mode);
    await closeUser(api.db, { mode, userId }, new Date(), () => undefined);
    await eraseUserRows(api.db, { mode, userId });
    expect(await buy({ ...asked, userId }, `key-of-${userId}`)).toMatchObject({
      status: 410,
      body: error('user_erased', 'userId'),
    });
    expect((await findUser(api.db, 'test', userId)) === undefined).toBe(mode === 'live');
  });

  test('a key that is none', async () => {
    expect(await buy(asked, 'a key')).toMatchObject({
      status: 400,
      body: error('invalid_parameter', 'Idempotency-Key'),
    });
  });

  test('a purchase that is not there', async () => {
    expect(await request(api, 'GET', `${PATH}/none`)).toMatchObject({
      status: 404,
      body: error('purchase_not_found', 'purchaseId'),
    });
  });

  test('anything, where test mode is not set up', async () => {
    const bare = await startTestApi({ webhookSecrets: { live: ['whsec_live'], test: [] } });
    try {
      expect(await request(bare, 'POST', PATH, { json: asked })).toMatchObject({
        status: 503,
        body: error('mode_not_configured'),
      });
    } finally {
      await bare.close();
    }
  });
});

test('where Temporal is away the purchase waits to be sent again', async () => {
  const away = await startTestApi({ temporalAddress: '127.0.0.1:1' });
  try {
    const json = { userId: 'user_1', credits: 1, card: 'success' };
    await request(away, 'PUT', '/api/users/user_1', { json: { email: 'eve@example.com', name: 'Eve' } });
    const headers = { 'idempotency-key': 'key-3' };
    for (let time = 0; time < 2; time += 1) {
      expect(await request(away, 'POST', PATH, { json, headers })).toMatchObject({
        status: 503,
        body: error('temporal_unavailable'),
      });
    }
    const { body } = await request(away, 'GET', PATH);
    expect(body).toMatchObject({ purchases: [{ ...json, status: 'processing' }] });
  } finally {
    await away.close();
  }
});
