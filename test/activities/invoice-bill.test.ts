import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BillWithLines } from '../../db/bills.ts';
import type { KnownCustomer } from '../../domain/customer-key.ts';
import { frozenBill, grantCredits, ingest, newUser, usage } from '../db/fixtures.ts';
import {
  runOnce,
  runWithRetries,
  TEST_RULES,
  useActivityEnvironment,
} from '../support/activity-environment.ts';
import { NEW_BILL_TOTAL_CENTS, newBill, newCustomer, reloaded } from './fixtures.ts';

const environment = useActivityEnvironment();
let customer: KnownCustomer;
afterEach(() => environment.simulator.clearFaults());
beforeEach(async () => {
  customer = await newCustomer(environment);
});

const invoiceBill = ({ mode, billId }: BillWithLines) =>
  runOnce(() => environment.activities.invoiceBill({ mode, billId }));
const stripe = () => environment.simulator.stripe.test;
const invoices = async () =>
  (await stripe().invoices.list({ customer: customer.stripeCustomerId, limit: 100 })).data;

async function problemOf(bill: BillWithLines): Promise<string | null> {
  const { problem } = await environment.db
    .selectFrom('bills')
    .select('problem')
    .where('bill_id', '=', bill.billId)
    .executeTakeFirstOrThrow();
  return problem;
}

describe('what the customer reads on the invoice', () => {
  test('each line says quantity, unit price and month, as the bill does', async () => {
    await invoiceBill(await newBill(environment, customer));
    const [invoice] = await invoices();
    const lines = invoice?.lines.data.toSorted(
      (a, b) => Number(a.metadata['line_number']) - Number(b.metadata['line_number']),
    );
    expect(lines?.map((line) => line.description)).toEqual([
      'CPU Hour, 2026-09: 1.25 × $0.10',
      'GPU Hour, 2026-09: 0.0025 × $2.00',
      'Storage GB-Month, 2026-09: 50 × $0.15',
      'API Calls, 2026-09: 1234567 × $0.00001',
    ]);
    expect(invoice?.description).toBe('Usage of 2026-09');
    const [line] = lines ?? [];
    expect(line?.period).toEqual({
      start: Date.parse('2026-09-01T00:00:00Z') / 1_000,
      end: Date.parse('2026-10-01T00:00:00Z') / 1_000,
    });
  });

  test('Stripe’s page and PDF of it are kept with the bill, as soon as there are any', async () => {
    const bill = await newBill(environment, customer);
    expect(bill).toMatchObject({ hostedInvoiceUrl: null, invoicePdfUrl: null });
    await invoiceBill(bill);
    const [invoice] = await invoices();
    expect(await reloaded(environment, bill)).toMatchObject({
      hostedInvoiceUrl: invoice?.hosted_invoice_url,
      invoicePdfUrl: invoice?.invoice_pdf,
    });
    const pdf = await fetch(invoice?.invoice_pdf ?? '');
    expect(pdf.headers.get('content-type')).toBe('application/pdf');
  });

  test('credits are a negative line, and Stripe collects the rest', async () => {
    await grantCredits(environment.db, customer.userId, 999);
    await invoiceBill(await newBill(environment, customer));
    const [invoice] = await invoices();
    expect(invoice?.amount_due).toBe(NEW_BILL_TOTAL_CENTS - 999);
    expect(invoice?.lines.data.map((line) => line.amount)).toContain(-999);
  });

  test('a bill with more lines than one page of Stripe’s is checked whole', async () => {
    const months = Array.from({ length: 12 }, (_, month) => String(month + 1).padStart(2, '0'));
    await ingest(
      environment.db,
      months.map((month) =>
        usage(customer.userId, { occurredAt: new Date(`2025-${month}-10T00:00:00Z`), quantity: month }),
      ),
    );
    const bill = await frozenBill(environment.db, customer.userId);
    expect(bill.lines).toHaveLength(12);
    expect(await invoiceBill(bill)).toEqual({ status: 'open', totalCents: 780 });
  });

  test('what else waits to be invoiced in Stripe stays out of it', async () => {
    await stripe().invoiceItems.create({
      customer: customer.stripeCustomerId,
      amount: 5_000,
      currency: 'usd',
    });
    expect(await invoiceBill(await newBill(environment, customer))).toMatchObject({ status: 'open' });
    expect((await invoices())[0]?.total).toBe(NEW_BILL_TOTAL_CENTS);
  });

  test('Stripe Tax is asked for only when it is switched on', async () => {
    for (const automaticTax of [false, true]) {
      const userKey = await newCustomer(environment);
      const { mode, billId } = await newBill(environment, userKey);
      const ruled = environment.activitiesWith({ rules: { ...TEST_RULES, automaticTax } });
      const requests = await environment.simulator.requestsDuring(() =>
        runOnce(() => ruled.invoiceBill({ mode, billId })),
      );
      expect(requests[0]?.parameters).toMatchObject({ automatic_tax: { enabled: String(automaticTax) } });
    }
  });
});

describe('what Stripe refuses for good parks the bill, and nothing is thrown', () => {
  test('a user without a Stripe customer', async () => {
    const userId = await newUser(environment.db);
    const bill = await newBill(environment, { mode: 'test', userId });
    const requests = await environment.simulator.requestsDuring(async () => {
      expect(await invoiceBill(bill)).toEqual({ status: 'parked', totalCents: NEW_BILL_TOTAL_CENTS });
    });
    expect(requests).toEqual([]);
    expect(await reloaded(environment, bill)).toMatchObject({ status: 'parked', stripeInvoiceId: null });
    expect(await problemOf(bill)).toContain('has no Stripe customer');
  });

  test('…who gets one later is invoiced on the next try', async () => {
    const userId = await newUser(environment.db);
    const bill = await newBill(environment, { mode: 'test', userId });
    await invoiceBill(bill);
    await newCustomer(environment, { userId });
    expect(await invoiceBill(bill)).toMatchObject({ status: 'open' });
    expect(await problemOf(bill)).toBeNull();
  });

  test('a customer who was deleted in Stripe: the problem says what Stripe said', async () => {
    const bill = await newBill(environment, customer);
    await stripe().customers.del(customer.stripeCustomerId);
    expect(await invoiceBill(bill)).toMatchObject({ status: 'parked' });
    expect(await problemOf(bill)).toContain('No such customer');
  });

  /** Somebody adds a line to the draft before ours are there. */
  async function tamper(bill: BillWithLines): Promise<string> {
    await environment.simulator.fault('POST /v1/invoices/:id/add_lines', 'reset');
    await expect(invoiceBill(bill)).rejects.toMatchObject({ type: 'StripeUnavailable' });
    const [draft] = await invoices();
    const id = draft?.id ?? '';
    await stripe().invoiceItems.create({
      customer: customer.stripeCustomerId,
      invoice: id,
      amount: 1,
      currency: 'usd',
    });
    return id;
  }

  test('a draft that somebody has added a line to is not finalized', async () => {
    const bill = await newBill(environment, customer);
    const draftId = await tamper(bill);
    expect(await invoiceBill(bill)).toMatchObject({ status: 'parked' });
    expect(await problemOf(bill)).toContain(`The invoice ${draftId} comes to`);
    expect(await invoices()).toMatchObject([{ id: draftId, status: 'draft' }]);
  });

  test('a draft with a foreign line, found after ours were added without an answer, is not finalized', async () => {
    const bill = await newBill(environment, customer);
    await environment.simulator.fault('POST /v1/invoices/:id/add_lines', 'processed_without_answer');
    await expect(invoiceBill(bill)).rejects.toMatchObject({ type: 'StripeUnavailable' });
    const [draft] = await invoices();
    const extra = { customer: customer.stripeCustomerId, currency: 'usd', invoice: draft?.id ?? '' };
    // Two that come to nothing: only their number gives them away.
    await stripe().invoiceItems.create({ ...extra, amount: 100 });
    await stripe().invoiceItems.create({ ...extra, amount: -100 });
    expect(await invoiceBill(bill)).toMatchObject({ status: 'parked' });
    expect(await invoices()).toMatchObject([{ status: 'draft' }]);
  });

  test('after the operator has deleted the draft, as the problem says, a new one is made', async () => {
    const bill = await newBill(environment, customer);
    const draftId = await tamper(bill);
    await invoiceBill(bill);
    await stripe().invoices.del(draftId);
    const { result } = await runWithRetries(() =>
      environment.activities.invoiceBill({
        mode: 'test',
        billId: bill.billId,
      }),
    );
    expect(result).toEqual({ status: 'open', totalCents: NEW_BILL_TOTAL_CENTS });
    const all = await invoices();
    expect(all).toMatchObject([{ status: 'open', total: NEW_BILL_TOTAL_CENTS }]);
    expect(all[0]?.id).not.toBe(draftId);
  });

  test('a new draft keeps its key for as long as it may be on its way', async () => {
    const bill = await newBill(environment, customer);
    const draftId = await tamper(bill);
    await invoiceBill(bill);
    await stripe().invoices.del(draftId);
    await environment.simulator.fault('POST /v1/invoices', 'reset', { count: 2 });
    const requests = await environment.simulator.requestsDuring(() =>
      runWithRetries(() => environment.activities.invoiceBill({ mode: 'test', billId: bill.billId })),
    );
    const drafts = requests.filter((each) => each.method === 'POST' && each.path === '/v1/invoices');
    expect(drafts.map((each) => each.idempotencyKey)).toEqual(
      [1, 1, 1].map((generation) => `test:bill:${bill.billId}:draft:${generation}`),
    );
  });

  test('an unknown bill is an error that no retry can mend', async () => {
    const unknown = { mode: 'test', billId: 'bill_unknown' } as const;
    await expect(runOnce(() => environment.activities.invoiceBill(unknown))).rejects.toMatchObject({
      type: 'BillNotFound',
      nonRetryable: true,
    });
  });

  test('what passes is thrown for Temporal to retry, and the bill stays frozen', async () => {
    const bill = await newBill(environment, customer);
    await environment.simulator.fault('POST /v1/invoices', 'status_429');
    await expect(invoiceBill(bill)).rejects.toMatchObject({
      type: 'StripeUnavailable',
      nonRetryable: false,
      nextRetryDelay: 2_000,
    });
    expect(await reloaded(environment, bill)).toMatchObject({ status: 'frozen' });
  });
});

describe('modes', () => {
  test('a test bill is invoiced in test mode only, and the live bill of the same user is not touched', async () => {
    const live = await newCustomer(environment, { mode: 'live', userId: customer.userId });
    const liveBill = await newBill(environment, live);
    const requests = await environment.simulator.requestsDuring(async () => {
      await invoiceBill(await newBill(environment, customer));
    });
    expect(new Set(requests.map((request) => request.mode))).toEqual(new Set(['test']));
    expect(await reloaded(environment, liveBill)).toEqual(liveBill);
    expect(await invoiceBill(liveBill)).toMatchObject({ status: 'open' });
    const { data } = await environment.simulator.stripe.live.invoices.list({
      customer: live.stripeCustomerId,
    });
    expect(data).toMatchObject([{ livemode: true, metadata: { bill_id: liveBill.billId } }]);
    expect(await invoices()).toHaveLength(1);
  });

  test('the bill of one mode is unknown to the other', async () => {
    const { billId } = await newBill(environment, customer);
    await expect(
      runOnce(() => environment.activities.invoiceBill({ mode: 'live', billId })),
    ).rejects.toMatchObject({ type: 'BillNotFound' });
  });

  test('a mode without a key waits for one: retryable, and nothing is parked', async () => {
    const unconfigured = environment.activitiesWith({
      stripe: { live: null, test: null },
    });
    const bill = await newBill(environment, customer);
    const input = { mode: 'test', billId: bill.billId } as const;
    await expect(runOnce(() => unconfigured.invoiceBill(input))).rejects.toMatchObject({
      type: 'ModeNotConfigured',
      nonRetryable: false,
    });
    expect(await reloaded(environment, bill)).toMatchObject({ status: 'frozen' });
  });
});
