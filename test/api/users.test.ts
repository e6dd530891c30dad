import { randomUUID } from 'node:crypto';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { customerBillingWorkflowId } from '../../domain/customer-workflow.ts';
import { error, newCustomerId, request, startTestApi, type TestApi } from './harness.ts';
import { bill, EVE, newUser, setBill, use } from './users.ts';

/** A quarter of November is over. */
const NOW = new Date('2026-11-08T12:00:00.000Z');

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ now: () => NOW });
});
afterAll(() => api.close());

const put = (userId: string, json: unknown) => request(api, 'PUT', `/api/users/${userId}`, { json });
const get = (path: string) => request(api, 'GET', `/api/users/${path}`);

async function saveCustomer(api: TestApi, userId: string, stripeCustomerId: string): Promise<void> {
  await api.db
    .updateTable('users')
    .set({ stripe_customer_id: stripeCustomerId })
    .where('user_id', '=', userId)
    .execute();
}

describe('PUT /api/users/{userId}', () => {
  test('registers a user, and updates one who is registered', async () => {
    const userId = `a.b_c:d@e-${randomUUID()}`;
    expect(await put(userId, EVE)).toMatchObject({ status: 200, body: { userId, ...EVE, mode: 'test' } });
    const renamed = { ...EVE, name: 'Eve Ångström 👩‍🚀' };
    expect(await put(userId, renamed)).toMatchObject({ status: 200, body: { userId, ...renamed } });
  });

  test.each<[string, unknown, string]>([
    ['no e-mail', { name: 'Eve' }, 'email'],
    ['an e-mail that is none', { ...EVE, email: 'eve' }, 'email'],
    ['no name', { ...EVE, name: '' }, 'name'],
    ['a name that PostgreSQL can not hold', { ...EVE, name: 'E\u0000ve' }, 'name'],
    ['a parameter that is not known', { ...EVE, admin: true }, 'admin'],
    ['no object', [], 'body'],
  ])('refuses %s', async (_, json, param) => {
    const userId = `user-${randomUUID()}`;
    expect(await put(userId, json)).toMatchObject({ status: 400, body: error('invalid_parameter', param) });
    expect((await get(`${userId}/billing`)).status).toBe(404);
  });

  test('refuses a user id of other characters or of more than 128, and a path that can not be decoded', async () => {
    for (const userId of ['a%20b', 'a%2Fb', 'x'.repeat(129), '%00']) {
      expect(await put(userId, EVE)).toMatchObject({
        status: 400,
        body: error('invalid_parameter', 'userId'),
      });
    }
    expect(await put('%zz', EVE)).toMatchObject({ status: 400, body: error('invalid_request') });
  });

  test("tells the customer's workflow each time, since a repeated request may be one that was cut off before", async () => {
    const userId = await newUser(api);
    await put(userId, EVE);
    const stripeCustomerId = newCustomerId();
    await saveCustomer(api, userId, stripeCustomerId);
    const workflow = api.temporal.workflow.getHandle(customerBillingWorkflowId('test', stripeCustomerId));
    await expect(workflow.describe()).rejects.toThrow(/not found/i);

    for (const name of ['Evelyn', 'Evelyn']) await put(userId, { ...EVE, name });
    const { events } = await workflow.fetchHistory();
    const signals = (events ?? []).flatMap((event) => event.workflowExecutionSignaledEventAttributes ?? []);
    expect(signals.map((signal) => signal.signalName)).toEqual(['userChanged', 'userChanged']);
    expect(signals[0]?.input?.payloads ?? []).toEqual([]);
  });

  test('asks to be sent again what it could not tell of', async () => {
    const lonely = await startTestApi({ temporalAddress: `127.0.0.1:${await getPort()}` });
    try {
      const putThere = (name: string) => request(lonely, 'PUT', '/api/users/u1', { json: { ...EVE, name } });
      expect(await putThere('Eve')).toMatchObject({ status: 200 });
      await saveCustomer(lonely, 'u1', newCustomerId());
      expect(await putThere('Evelyn')).toMatchObject({ status: 503, body: error('temporal_unavailable') });
    } finally {
      await lonely.close();
    }
  });
});

describe('GET /api/users/{userId}/billing', () => {
  test('of a new user: nothing, and nothing owed', async () => {
    expect(await get(`${await newUser(api)}/billing`)).toMatchObject({
      status: 200,
      body: {
        status: 'none',
        clusterId: null,
        stripeCustomerId: null,
        stripeSubscriptionId: null,
        creditsCents: 0,
        creditLots: [],
        owedCents: 0,
      },
    });
  });

  test('shows what is waited for and until when, credits, and what is owed', async () => {
    const userId = await newUser(api);
    const hours = { product: 'cpu_hour', quantity: '100', occurredAt: '2026-10-10T00:00:00Z' };
    await use(api, userId, [hours, { ...hours, occurredAt: '2026-11-01T00:00:00Z' }]);
    await bill(api, userId, '2026-10', 'payment_failed');
    await bill(api, userId, '2026-11', 'open');
    const entries = [250, -100].map((amount_cents) => ({
      mode: 'test' as const,
      user_id: userId,
      amount_cents,
      cause: amount_cents > 0 ? 'checkout_session:cs_1' : 'bill:bill_1',
      lot: 'checkout_session:cs_1',
    }));
    await api.db.insertInto('credit_entries').values(entries).execute();
    await api.db
      .updateTable('users')
      .set({ status: 'past_due', waiting_for: 'payment', grace_ends_at: new Date('2026-11-15T00:00:00Z') })
      .where('user_id', '=', userId)
      .execute();

    expect((await get(`${userId}/billing`)).body).toEqual({
      status: 'past_due',
      waitingFor: 'payment',
      clusterId: null,
      stripeCustomerId: null,
      stripeSubscriptionId: null,
      creditsCents: 150,
      creditLots: [{ remainingCents: 150, expiresAt: null, cause: 'checkout_session:cs_1' }],
      owedCents: 2_000,
      graceEndsAt: '2026-11-15T00:00:00.000Z',
      hostedInvoiceUrl: 'https://invoice.stripe.example/2026-10',
    });
  });

  test('lists what is left of each grant of credits that has not expired, first what expires first', async () => {
    const userId = await newUser(api);
    const grants: [number, string, string | null][] = [
      [500, 'checkout_session:cs_never', null],
      [400, 'checkout_session:cs_later', '2027-01-01T00:00:00.000Z'],
      [300, 'checkout_session:cs_soon', '2026-11-08T12:00:00.001Z'],
      [200, 'checkout_session:cs_expired', '2026-11-08T12:00:00.000Z'],
      [100, 'bill:bill_1', null],
      [-100, 'bill:bill_1', null],
    ];
    for (const [index, [amount_cents, lot, expires_at]] of grants.entries()) {
      await api.db
        .insertInto('credit_entries')
        .values({
          mode: 'test',
          user_id: userId,
          amount_cents,
          cause: amount_cents > 0 ? lot : `bill:${index}`,
          lot,
          expires_at: expires_at === null ? null : new Date(expires_at),
        })
        .execute();
    }
    expect((await get(`${userId}/billing`)).body).toMatchObject({
      creditsCents: 1_200,
      creditLots: [
        { remainingCents: 300, expiresAt: '2026-11-08T12:00:00.001Z', cause: 'checkout_session:cs_soon' },
        { remainingCents: 400, expiresAt: '2027-01-01T00:00:00.000Z', cause: 'checkout_session:cs_later' },
        { remainingCents: 500, expiresAt: null, cause: 'checkout_session:cs_never' },
      ],
    });
  });

  test('gives the page where the oldest unpaid bill can be paid, and only of one that could not be collected', async () => {
    const userId = await newUser(api);
    const pageOf = async () =>
      ((await get(`${userId}/billing`)).body as { hostedInvoiceUrl?: string }).hostedInvoiceUrl;
    for (const month of ['2026-08', '2026-09', '2026-10']) {
      await use(api, userId, [{ product: 'cpu_hour', quantity: '1', occurredAt: `${month}-10T00:00:00Z` }]);
      await bill(api, userId, month, 'open');
    }
    expect(await pageOf()).toBeUndefined();
    await setBill(api, userId, '2026-10', { status: 'payment_failed' });
    expect(await pageOf()).toBe('https://invoice.stripe.example/2026-10');
    await setBill(api, userId, '2026-09', { status: 'payment_failed' });
    expect(await pageOf()).toBe('https://invoice.stripe.example/2026-09');
    await setBill(api, userId, '2026-09', { status: 'paid' });
    expect(await pageOf()).toBe('https://invoice.stripe.example/2026-10');
  });

  test('of an unknown user is a 404', async () => {
    for (const path of ['nobody/billing', 'nobody/usage', 'nobody/bills']) {
      expect(await get(path)).toMatchObject({ status: 404, body: error('user_not_found', 'userId') });
    }
  });
});
