import { randomUUID } from 'node:crypto';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freezeBill } from '../../db/freeze.ts';
import type { BillStatus } from '../../domain/bill.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { customerBillingWorkflowId } from '../../domain/customer-workflow.ts';
import { ingest, SEPTEMBER, usageOfYears } from '../db/fixtures.ts';
import { error, newCustomerId, request, startTestApi, type TestApi, textLike } from './harness.ts';

/** A quarter of November is over. */
const NOW = new Date('2026-11-08T12:00:00.000Z');
const EVE = { email: 'eve@example.com', name: 'Eve' };

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ now: () => NOW });
});
afterAll(() => api.close());

const put = (userId: string, json: unknown) => request(api, 'PUT', `/api/users/${userId}`, { json });
const get = (path: string) => request(api, 'GET', `/api/users/${path}`);

async function newUser(): Promise<string> {
  const userId = `user-${randomUUID()}`;
  await put(userId, EVE);
  return userId;
}

async function use(userId: string, events: readonly Record<string, unknown>[]): Promise<void> {
  const json = { events: events.map((event) => ({ id: randomUUID(), userId, ...event })) };
  expect((await request(api, 'POST', '/api/usage-events', { json })).body).toMatchObject({
    accepted: events.length,
  });
}

/** Changes a bill as what Stripe says of its invoice does. */
async function setBill(
  userId: string,
  period: string,
  changed: {
    readonly status: BillStatus;
    readonly hosted_invoice_url?: string;
    readonly invoice_pdf_url?: string;
    readonly refunded_cents?: number;
  },
): Promise<void> {
  await api.db
    .updateTable('bills')
    .set(changed)
    .where('user_id', '=', userId)
    .where('period', '=', parseBillingPeriod(period))
    .execute();
}

/** Freezes the month, with an invoice of this status. */
async function bill(userId: string, period: string, status: BillStatus): Promise<void> {
  await freezeBill(api.db, { mode: 'test', userId, period: parseBillingPeriod(period) });
  await setBill(userId, period, { status, hosted_invoice_url: `https://invoice.stripe.example/${period}` });
}

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
    const userId = await newUser();
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
    expect(await get(`${await newUser()}/billing`)).toMatchObject({
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
    const userId = await newUser();
    const hours = { product: 'cpu_hour', quantity: '100', occurredAt: '2026-10-10T00:00:00Z' };
    await use(userId, [hours, { ...hours, occurredAt: '2026-11-01T00:00:00Z' }]);
    await bill(userId, '2026-10', 'payment_failed');
    await bill(userId, '2026-11', 'open');
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
    const userId = await newUser();
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
    const userId = await newUser();
    const pageOf = async () =>
      ((await get(`${userId}/billing`)).body as { hostedInvoiceUrl?: string }).hostedInvoiceUrl;
    for (const month of ['2026-08', '2026-09', '2026-10']) {
      await use(userId, [{ product: 'cpu_hour', quantity: '1', occurredAt: `${month}-10T00:00:00Z` }]);
      await bill(userId, month, 'open');
    }
    expect(await pageOf()).toBeUndefined();
    await setBill(userId, '2026-10', { status: 'payment_failed' });
    expect(await pageOf()).toBe('https://invoice.stripe.example/2026-10');
    await setBill(userId, '2026-09', { status: 'payment_failed' });
    expect(await pageOf()).toBe('https://invoice.stripe.example/2026-09');
    await setBill(userId, '2026-09', { status: 'paid' });
    expect(await pageOf()).toBe('https://invoice.stripe.example/2026-10');
  });

  test('of an unknown user is a 404', async () => {
    for (const path of ['nobody/billing', 'nobody/usage', 'nobody/bills']) {
      expect(await get(path)).toMatchObject({ status: 404, body: error('user_not_found', 'userId') });
    }
  });
});

describe('GET /api/users/{userId}/usage', () => {
  /** The four of the seed: a product that is added later comes after them. */
  const productsOf = (body: unknown) => (body as { products: readonly unknown[] }).products.slice(0, 4);

  test('of the running month: what it comes to, and an estimate of its end', async () => {
    const userId = await newUser();
    await use(userId, [
      { product: 'cpu_hour', quantity: '10.05', occurredAt: '2026-11-02T00:00:00Z' },
      { product: 'api_calls', quantity: '1500', occurredAt: '2026-11-02T00:00:00Z' },
      // Held from the middle of November on, because October's level ends there.
      { product: 'storage_gb_month', quantity: '10', resourceId: 'd', occurredAt: '2026-10-01T00:00:00Z' },
      { product: 'storage_gb_month', quantity: '0', resourceId: 'd', occurredAt: '2026-11-04T00:00:00Z' },
    ]);
    const { body } = await get(`${userId}/usage`);
    expect(body).toMatchObject({
      period: '2026-11',
      totalCents: 118,
      estimate: { totalCents: 402 + 15 + 6, method: 'linear' },
    });
    expect(Object.keys(body as object)).toEqual(['period', 'products', 'totalCents', 'estimate']);
    expect(productsOf(body)).toEqual([
      { product: 'cpu_hour', quantity: '10.05', unitPrice: '0.10', amountCents: 101 }, // 100.5 cents, half up
      { product: 'gpu_hour', quantity: '0', unitPrice: '2.00', amountCents: 0 },
      { product: 'storage_gb_month', quantity: '1', unitPrice: '0.15', amountCents: 15 }, // 10 GB, 3 of 30 days
      { product: 'api_calls', quantity: '1500', unitPrice: '0.00001', amountCents: 2 }, // 1.5 cents, half up
    ]);
  });

  test('of a month that is over: carried storage and all, without an estimate', async () => {
    const userId = await newUser();
    await use(userId, [
      { product: 'storage_gb_month', quantity: '2.5', resourceId: 'd', occurredAt: '2026-08-16T12:00:00Z' },
    ]);
    const storageOf = async (period: string) => {
      const { body } = await get(`${userId}/usage?period=${period}`);
      expect(body).not.toHaveProperty('estimate');
      return body;
    };
    expect(productsOf(await storageOf('2026-08'))[2]).toMatchObject({ quantity: '1.25', amountCents: 19 });
    expect(productsOf(await storageOf('2026-10'))[2]).toMatchObject({ quantity: '2.5', amountCents: 38 });
    expect(await storageOf('2026-07')).toMatchObject({ totalCents: 0 });
  });

  test.each(['2026-13', '2026', 'November', '2026-11-01', ''])('refuses the period "%s"', async (period) => {
    expect(await get(`${await newUser()}/usage?period=${period}`)).toMatchObject({
      status: 400,
      body: error('invalid_parameter', 'period'),
    });
  });
});

test('GET /api/users/{userId}/bills: newest first, each line with its price per unit', async () => {
  const userId = await newUser();
  await use(userId, [
    { product: 'gpu_hour', quantity: '1.5', occurredAt: '2026-09-10T00:00:00Z' },
    { product: 'api_calls', quantity: '2500', occurredAt: '2026-10-10T00:00:00Z' },
  ]);
  for (const period of ['2026-09', '2026-10']) {
    await freezeBill(api.db, { mode: 'test', userId, period: parseBillingPeriod(period) });
  }
  const { body } = await get(`${userId}/bills`);
  expect(body).toEqual({
    bills: [
      {
        id: textLike(/^bill_/),
        period: '2026-10',
        status: 'frozen',
        totalCents: 3,
        lines: [
          {
            product: 'api_calls',
            quantity: '2500',
            unitPrice: '0.00001',
            amountCents: 3,
            description: textLike(/./),
          },
        ],
        stripeInvoiceId: null,
      },
      expect.objectContaining({ period: '2026-09', totalCents: 300 }),
    ],
  });
});

describe('a bill in the list', () => {
  test.each([
    ['frozen', false],
    ['open', true],
    ['payment_failed', true],
    ['paid', false],
    ['void', false],
  ] as const)('that is %s has a page to pay it on: %s', async (status, hasPage) => {
    const userId = await newUser();
    await use(userId, [{ product: 'cpu_hour', quantity: '1', occurredAt: '2026-10-10T00:00:00Z' }]);
    await bill(userId, '2026-10', status);
    const { bills } = (await get(`${userId}/bills`)).body as { bills: Record<string, unknown>[] };
    expect(bills[0]?.['hostedInvoiceUrl']).toBe(
      hasPage ? 'https://invoice.stripe.example/2026-10' : undefined,
    );
    expect(bills[0]).not.toHaveProperty('refundedCents');
  });

  test.each(['open', 'paid', 'void'] as const)('that is %s has its invoice as a PDF', async (status) => {
    const userId = await newUser();
    await use(userId, [{ product: 'cpu_hour', quantity: '1', occurredAt: '2026-10-10T00:00:00Z' }]);
    await bill(userId, '2026-10', status);
    const bills = async () => (await get(`${userId}/bills`)).body;
    expect(await bills()).not.toHaveProperty('bills.0.invoicePdfUrl');
    const invoicePdfUrl = 'https://pay.stripe.example/2026-10/pdf';
    await setBill(userId, '2026-10', { status, invoice_pdf_url: invoicePdfUrl });
    expect(await bills()).toMatchObject({ bills: [{ status, invoicePdfUrl }] });
  });

  test('says which part of its month it is, where there are several', async () => {
    const userId = await newUser();
    await ingest(api.db, usageOfYears(userId));
    await freezeBill(api.db, { mode: 'test', userId, period: SEPTEMBER });
    expect((await get(`${userId}/bills`)).body).toMatchObject({
      bills: [
        { period: '2026-09', part: 1, parts: 2, totalCents: 96_780 },
        { period: '2026-09', part: 2, parts: 2, totalCents: 3_705 },
      ],
    });
  });

  test('says what was refunded of it', async () => {
    const userId = await newUser();
    await use(userId, [{ product: 'cpu_hour', quantity: '1', occurredAt: '2026-10-10T00:00:00Z' }]);
    await bill(userId, '2026-10', 'paid');
    await setBill(userId, '2026-10', { status: 'paid', refunded_cents: 7 });
    expect((await get(`${userId}/bills`)).body).toMatchObject({
      bills: [{ status: 'paid', refundedCents: 7 }],
    });
  });
});
