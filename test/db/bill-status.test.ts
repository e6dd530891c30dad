import { beforeEach, describe, expect, test } from 'vitest';
import {
  collectionAttemptsOf,
  type InvoiceOutcome,
  listOpenInvoices,
  listUnpaidBills,
  parkBill,
  saveCollectionAttempt,
  saveInvoiceOutcome,
} from '../../db/bill-status.ts';
import { listBills } from '../../db/bills.ts';
import type { BillStatus } from '../../domain/bill.ts';
import { useTestDatabase } from '../support/database.ts';
import { frozenBill, ingest, newUser, usage } from './fixtures.ts';

const database = useTestDatabase({ pricesOf: ['live', 'test'] });
let userId: string;
let billId: string;
beforeEach(async () => {
  userId = await newUser(database.db);
  await ingest(database.db, [usage(userId)]);
  billId = (await frozenBill(database.db, userId)).billId;
});

/** What Stripe says of an open invoice that it will charge again. */
const OPEN = {
  failedAt: new Date('2026-10-02T00:00:00Z'),
  hostedInvoiceUrl: 'https://invoice.example/i',
  invoicePdfUrl: 'https://invoice.example/i.pdf',
  failedPaymentMethodId: 'pm_1',
  stripeRetriesAt: new Date('2026-10-05T00:00:00Z'),
  stripeHasRetried: false,
  needsCustomerAction: false,
  isCollectible: true,
} as const;

async function see(
  status: InvoiceOutcome['status'],
  more: Partial<Omit<InvoiceOutcome, 'status'>> = {},
): Promise<void> {
  const stripeInvoiceId = `in_${billId}`;
  await saveInvoiceOutcome(database.db, { mode: 'test', billId, stripeInvoiceId, status, ...OPEN, ...more });
}

async function row() {
  return await database.db
    .selectFrom('bills')
    .select(['status', 'payment_failed_at', 'problem', 'stripe_invoice_id'])
    .where('bill_id', '=', billId)
    .where('mode', '=', 'test')
    .executeTakeFirstOrThrow();
}

describe('an older answer that is written later changes nothing', () => {
  test.each<{ before: InvoiceOutcome['status']; late: InvoiceOutcome['status']; after: BillStatus }>([
    { before: 'paid', late: 'open', after: 'paid' },
    { before: 'paid', late: 'payment_failed', after: 'paid' },
    { before: 'paid', late: 'void', after: 'paid' },
    { before: 'void', late: 'open', after: 'void' },
    { before: 'void', late: 'payment_failed', after: 'void' },
    { before: 'void', late: 'paid', after: 'void' },
    { before: 'payment_failed', late: 'open', after: 'payment_failed' },
    { before: 'payment_failed', late: 'paid', after: 'paid' },
    { before: 'payment_failed', late: 'void', after: 'void' },
    { before: 'open', late: 'payment_failed', after: 'payment_failed' },
    { before: 'open', late: 'paid', after: 'paid' },
  ])('$before, then $late: $after', async ({ before, late, after }) => {
    await see(before);
    await see(late);
    expect((await row()).status).toBe(after);
  });
});

test('the earliest failure counts, in whichever order they are told, and a payment clears it', async () => {
  const first = new Date('2026-10-02T08:00:00Z');
  await see('payment_failed', { failedAt: new Date('2026-10-05T08:00:00Z') });
  await see('payment_failed', { failedAt: first });
  await see('payment_failed', { failedAt: new Date('2026-10-09T08:00:00Z') });
  expect((await row()).payment_failed_at).toEqual(first);
  expect(await listUnpaidBills(database.db, 'test', userId)).toEqual([
    {
      billId,
      stripeInvoiceId: `in_${billId}`,
      failedAtMs: first.getTime(),
      failedPaymentMethodId: 'pm_1',
      stripeRetriesAtMs: OPEN.stripeRetriesAt.getTime(),
      stripeHasRetried: false,
      needsCustomerAction: false,
      isCollectible: true,
      collectionAttempts: 0,
      lastCollectionAtMs: null,
    },
  ]);
  await see('paid');
  expect(await row()).toMatchObject({ status: 'paid', payment_failed_at: null });
  expect(await listUnpaidBills(database.db, 'test', userId)).toEqual([]);
});

test('where the invoice can be seen is kept with the bill, as Stripe said last', async () => {
  const links = async () => (await listBills(database.db, 'test', userId))[0];
  expect(await links()).toMatchObject({ hostedInvoiceUrl: null, invoicePdfUrl: null });
  await see('open');
  const { hostedInvoiceUrl, invoicePdfUrl } = OPEN;
  expect(await links()).toMatchObject({ hostedInvoiceUrl, invoicePdfUrl });
  const newer = {
    hostedInvoiceUrl: 'https://invoice.example/2',
    invoicePdfUrl: 'https://invoice.example/2.pdf',
  };
  await see('paid', newer);
  expect(await links()).toMatchObject({ status: 'paid', ...newer });
});

test('what Stripe says of its next attempt and of the customer is kept as it is now', async () => {
  await see('payment_failed', {
    stripeRetriesAt: null,
    stripeHasRetried: true,
    needsCustomerAction: true,
    isCollectible: false,
  });
  expect((await listUnpaidBills(database.db, 'test', userId))[0]).toMatchObject({
    stripeRetriesAtMs: null,
    stripeHasRetried: true,
    needsCustomerAction: true,
    isCollectible: false,
  });
});

test('an attempt of ours to collect is noted once', async () => {
  await see('payment_failed');
  const stripeInvoiceId = `in_${billId}`;
  const at = new Date('2026-10-03T00:00:00Z');
  for (const attempt of [0, 0, 1]) {
    await saveCollectionAttempt(database.db, { mode: 'test', stripeInvoiceId, attempt, at });
  }
  expect(await collectionAttemptsOf(database.db, 'test', stripeInvoiceId)).toBe(2);
  expect(await collectionAttemptsOf(database.db, 'live', stripeInvoiceId)).toBeUndefined();
  expect((await listUnpaidBills(database.db, 'test', userId))[0]?.lastCollectionAtMs).toBe(at.getTime());
});

test('open invoices are those that Stripe is collecting or could not collect', async () => {
  expect(await listOpenInvoices(database.db, 'test', userId)).toEqual([]);
  for (const status of ['open', 'payment_failed'] as const) {
    await see(status);
    expect(await listOpenInvoices(database.db, 'test', userId)).toEqual([`in_${billId}`]);
  }
  await see('paid');
  expect(await listOpenInvoices(database.db, 'test', userId)).toEqual([]);
});

describe('parking', () => {
  test.each<InvoiceOutcome['status']>(['open', 'paid', 'payment_failed', 'void'])(
    'a parked bill becomes %s when its invoice is, and its problem is forgotten',
    async (status) => {
      await parkBill(database.db, 'test', billId, 'Stripe: No such customer (req_1)');
      expect(await row()).toMatchObject({ status: 'parked', problem: 'Stripe: No such customer (req_1)' });
      await see(status);
      expect(await row()).toMatchObject({ status, problem: null });
    },
  );

  test('a bill whose invoice is with Stripe is not parked', async () => {
    await see('open');
    await parkBill(database.db, 'test', billId, 'too late');
    expect(await row()).toMatchObject({ status: 'open', problem: null });
  });

  test('a bill that is parked again keeps the newer problem', async () => {
    await parkBill(database.db, 'test', billId, 'first');
    await parkBill(database.db, 'test', billId, 'second');
    expect(await row()).toMatchObject({ status: 'parked', problem: 'second' });
  });
});

test('what is said of a live bill leaves the test bill alone', async () => {
  await saveInvoiceOutcome(database.db, {
    mode: 'live',
    billId,
    stripeInvoiceId: 'in_live',
    status: 'paid',
    ...OPEN,
  });
  await parkBill(database.db, 'live', billId, 'live');
  expect(await row()).toMatchObject({ status: 'frozen', stripe_invoice_id: null, problem: null });
});
