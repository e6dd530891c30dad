import type { Stripe } from 'stripe';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BillWithLines } from '../../db/bills.ts';
import type { BillStatus } from '../../domain/bill.ts';
import type { KnownCustomer } from '../../domain/customer-key.ts';
import { runOnce, runWithRetries, useActivityEnvironment } from '../support/activity-environment.ts';
import { type FaultKind, namesOf, writesAmong } from '../support/simulator.ts';
import { NEW_BILL_CENTS, NEW_BILL_TOTAL_CENTS, newBill, newCustomer, reloaded } from './fixtures.ts';
import { FAULTS, forgetAnswer } from './write-faults.ts';

const environment = useActivityEnvironment();
afterEach(() => environment.simulator.clearFaults());

/** Makes a key that old. */
async function ageKey(writeKey: string, hours: number): Promise<void> {
  const { numUpdatedRows } = await environment.db
    .updateTable('stripe_writes')
    .set({ key_issued_at: hoursFromNow(-hours) })
    .where('write_key', '=', writeKey)
    .executeTakeFirst();
  expect(numUpdatedRows).toBe(1n);
}

const hoursFromNow = (hours: number) => new Date(Date.now() + hours * 60 * 60_000);

async function writeRow(writeKey: string) {
  return await environment.db
    .selectFrom('stripe_writes')
    .selectAll()
    .where('mode', '=', 'test')
    .where('write_key', '=', writeKey)
    .executeTakeFirstOrThrow();
}

describe('a bill becomes one invoice', () => {
  let customer: KnownCustomer;
  let bill: BillWithLines;
  beforeEach(async () => {
    customer = await newCustomer(environment);
    bill = await newBill(environment, customer);
  });

  const invoiceBill = () =>
    runWithRetries(() => environment.activities.invoiceBill({ mode: 'test', billId: bill.billId }));

  async function invoices(): Promise<Stripe.Invoice[]> {
    const { stripe } = environment.simulator;
    return (await stripe.test.invoices.list({ customer: customer.stripeCustomerId, limit: 100 })).data;
  }

  /** One invoice, right to the cent, and the bill says so. */
  async function expectOneInvoice(status: BillStatus = 'open'): Promise<void> {
    const all = await invoices();
    expect(all).toHaveLength(1);
    const [invoice] = all;
    expect(invoice).toMatchObject({
      status: 'open',
      auto_advance: true,
      subtotal: NEW_BILL_TOTAL_CENTS,
      total: NEW_BILL_TOTAL_CENTS,
      amount_due: NEW_BILL_TOTAL_CENTS,
      currency: 'usd',
      metadata: { bill_id: bill.billId, user_id: customer.userId, period: '2026-09' },
    });
    expect(invoice?.lines.data.map((line) => line.amount).toSorted((a, b) => a - b)).toEqual(
      NEW_BILL_CENTS.toSorted((a, b) => a - b),
    );
    expect(await reloaded(environment, bill)).toMatchObject({ status, stripeInvoiceId: invoice?.id });
  }

  test('without trouble it takes three requests, and no reads', async () => {
    const requests = await environment.simulator.requestsDuring(async () => {
      expect(await invoiceBill()).toEqual({
        result: { status: 'open', totalCents: NEW_BILL_TOTAL_CENTS },
        attempts: 1,
      });
    });
    const [invoice] = await invoices();
    expect(namesOf(requests)).toEqual([
      'POST /v1/invoices',
      `POST /v1/invoices/${invoice?.id}/add_lines`,
      `POST /v1/invoices/${invoice?.id}/finalize`,
    ]);
    expect(requests.map((request) => request.idempotencyKey)).toEqual([
      `test:bill:${bill.billId}:draft:0`,
      `test:bill:${bill.billId}:lines:0`,
      `test:bill:${bill.billId}:finalize:0`,
    ]);
    await expectOneInvoice();
    const row = await writeRow(`bill:${bill.billId}:draft`);
    expect(row).toMatchObject({
      stripe_object_id: invoice?.id,
      stripe_request_id: requests[0]?.requestId,
      generation: 0,
    });
    expect(row.completed_at).not.toBeNull();
  });

  test('an invoiced bill asks Stripe nothing more', async () => {
    await invoiceBill();
    const requests = await environment.simulator.requestsDuring(invoiceBill);
    expect(requests).toEqual([]);
    await expectOneInvoice();
  });

  describe.each([
    ['draft', 'POST /v1/invoices'],
    ['lines', 'POST /v1/invoices/:id/add_lines'],
    ['finalize', 'POST /v1/invoices/:id/finalize'],
  ])('whatever befalls its %s', (step, route) => {
    test.each(FAULTS)('$kind $reason', async ({ kind, attempts, ...options }) => {
      await environment.simulator.fault(route, kind, options);
      expect(await invoiceBill()).toEqual({
        result: { status: 'open', totalCents: NEW_BILL_TOTAL_CENTS },
        attempts,
      });
      await expectOneInvoice();
    });

    test('a crash between Stripe’s answer and our note of it: what is there is adopted, and nothing written again', async () => {
      await invoiceBill();
      for (const each of ['draft', 'lines', 'finalize'].slice(['draft', 'lines', 'finalize'].indexOf(step))) {
        await forgetAnswer(environment, `bill:${bill.billId}:${each}`);
      }
      await environment.db
        .updateTable('bills')
        .set({ status: 'frozen', stripe_invoice_id: null })
        .where('bill_id', '=', bill.billId)
        .execute();
      const requests = await environment.simulator.requestsDuring(invoiceBill);
      expect(requests.length).toBeGreaterThan(0);
      expect(writesAmong(requests)).toEqual([]);
      await expectOneInvoice();
      const [invoice] = await invoices();
      expect(await writeRow(`bill:${bill.billId}:${step}`)).toMatchObject({ stripe_object_id: invoice?.id });
    });

    describe('a day later, when Stripe has forgotten the key', () => {
      const attempt = () =>
        runOnce(() => environment.activities.invoiceBill({ mode: 'test', billId: bill.billId }));
      const writeKey = () => `bill:${bill.billId}:${step}`;

      /** Lets the step fail, and a day pass: in Stripe, and for the row of the intent. */
      async function failADayAgo(kind: FaultKind): Promise<void> {
        await environment.simulator.fault(route, kind);
        await expect(attempt()).rejects.toMatchObject({ type: 'StripeUnavailable' });
        await environment.simulator.setClock(hoursFromNow(25));
        await ageKey(writeKey(), 25);
      }
      afterEach(() => environment.simulator.setClock(new Date()));

      test('a request that never arrived is sent under a new key, after looking', async () => {
        await failADayAgo('reset');
        const requests = await environment.simulator.requestsDuring(attempt);
        const renewed = requests.findIndex((request) => request.idempotencyKey === `test:${writeKey()}:1`);
        expect(renewed).toBeGreaterThan(0);
        expect(requests[renewed - 1]?.method).toBe('GET');
        expect(await writeRow(writeKey())).toMatchObject({ generation: 1 });
        await expectOneInvoice();
      });

      test('one whose answer was lost is found, and not sent again', async () => {
        await failADayAgo('processed_without_answer');
        const requests = await environment.simulator.requestsDuring(attempt);
        // What was finalized a day ago has been charged meanwhile, and there is no card.
        await expectOneInvoice(step === 'finalize' ? 'payment_failed' : 'open');
        expect(
          requests.filter(({ idempotencyKey }) => idempotencyKey?.startsWith(`test:${writeKey()}:`)),
        ).toEqual([]);
        expect(await writeRow(writeKey())).toMatchObject({ generation: 0 });
      });
    });
  });

  test('two workers with the same bill at the same time make one invoice', async () => {
    const [one, other] = await Promise.all([invoiceBill(), invoiceBill()]);
    expect(one.result).toEqual(other.result);
    await expectOneInvoice();
  });

  test('faults at every step together still end in one invoice', async () => {
    await environment.simulator.fault('POST /v1/invoices', 'processed_without_answer');
    await environment.simulator.fault('GET /v1/invoices', 'reset');
    await environment.simulator.fault('POST /v1/invoices/:id/add_lines', 'status_500');
    await environment.simulator.fault('GET /v1/invoices/:id', 'status_500_without_error');
    await environment.simulator.fault('POST /v1/invoices/:id/finalize', 'processed_without_answer');
    const { result } = await runWithRetries(
      () => environment.activities.invoiceBill({ mode: 'test', billId: bill.billId }),
      8,
    );
    expect(result.status).toBe('open');
    await expectOneInvoice();
  });
});
