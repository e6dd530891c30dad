import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freezeBill } from '../../db/freeze.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { ingest, SEPTEMBER, usageOfYears } from '../db/fixtures.ts';
import { error, request, startTestApi, type TestApi, textLike } from './harness.ts';
import { bill, newUser, setBill, use } from './users.ts';

/** A quarter of November is over. */
const NOW = new Date('2026-11-08T12:00:00.000Z');

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ now: () => NOW });
});
afterAll(() => api.close());

const get = (path: string) => request(api, 'GET', `/api/users/${path}`);

describe('GET /api/users/{userId}/usage', () => {
  /** The four of the seed: a product that is added later comes after them. */
  const productsOf = (body: unknown) => (body as { products: readonly unknown[] }).products.slice(0, 4);

  test('of the running month: what it comes to, and an estimate of its end', async () => {
    const userId = await newUser(api);
    await use(api, userId, [
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
    const userId = await newUser(api);
    await use(api, userId, [
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
    expect(await get(`${await newUser(api)}/usage?period=${period}`)).toMatchObject({
      status: 400,
      body: error('invalid_parameter', 'period'),
    });
  });
});

test('GET /api/users/{userId}/bills: newest first, each line with its price per unit', async () => {
  const userId = await newUser(api);
  await use(api, userId, [
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
    const userId = await newUser(api);
    await use(api, userId, [{ product: 'cpu_hour', quantity: '1', occurredAt: '2026-10-10T00:00:00Z' }]);
    await bill(api, userId, '2026-10', status);
    const { bills } = (await get(`${userId}/bills`)).body as { bills: Record<string, unknown>[] };
    expect(bills[0]?.['hostedInvoiceUrl']).toBe(
      hasPage ? 'https://invoice.stripe.example/2026-10' : undefined,
    );
    expect(bills[0]).not.toHaveProperty('refundedCents');
  });

  test.each(['open', 'paid', 'void'] as const)('that is %s has its invoice as a PDF', async (status) => {
    const userId = await newUser(api);
    await use(api, userId, [{ product: 'cpu_hour', quantity: '1', occurredAt: '2026-10-10T00:00:00Z' }]);
    await bill(api, userId, '2026-10', status);
    const bills = async () => (await get(`${userId}/bills`)).body;
    expect(await bills()).not.toHaveProperty('bills.0.invoicePdfUrl');
    const invoicePdfUrl = 'https://pay.stripe.example/2026-10/pdf';
    await setBill(api, userId, '2026-10', { status, invoice_pdf_url: invoicePdfUrl });
    expect(await bills()).toMatchObject({ bills: [{ status, invoicePdfUrl }] });
  });

  test('says which part of its month it is, where there are several', async () => {
    const userId = await newUser(api);
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
    const userId = await newUser(api);
    await use(api, userId, [{ product: 'cpu_hour', quantity: '1', occurredAt: '2026-10-10T00:00:00Z' }]);
    await bill(api, userId, '2026-10', 'paid');
    await setBill(api, userId, '2026-10', { status: 'paid', refunded_cents: 7 });
    expect((await get(`${userId}/bills`)).body).toMatchObject({
      bills: [{ status: 'paid', refundedCents: 7 }],
    });
  });
});
