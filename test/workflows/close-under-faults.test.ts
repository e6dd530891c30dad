import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Customer, simulate } from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { useGpu, usersWithCustomer } from '../../chaos/world/usage.ts';
import { reportOf, startClose } from '../../cli/close.ts';
import { listBills } from '../../db/bills.ts';
import { type BillingPeriod, nextPeriod, parseBillingPeriod } from '../../domain/billing-period.ts';
import { sumCents } from '../../domain/money.ts';
import { BILLING_PROGRESS_QUERY, type MonthlyBillingReport } from '../../domain/monthly-close.ts';
import type { BillingService } from '../support/billing-worker.ts';
import type { FaultKind } from '../support/simulator.ts';
import { startTestBilling } from './service.ts';

/** The three requests that a bill takes. */
const ROUTES = {
  draft: 'POST /v1/invoices',
  lines: 'POST /v1/invoices/:id/add_lines',
  finalize: 'POST /v1/invoices/:id/finalize',
} as const;

/** What can befall each. */
const FAULTS: readonly { kind: FaultKind; reason?: string | null }[] = [
  { kind: 'reset' },
  { kind: 'processed_without_answer' },
  { kind: 'status_409' },
  { kind: 'status_429' },
  { kind: 'status_429', reason: null },
  { kind: 'status_429', reason: 'lock_timeout' },
  { kind: 'status_500' },
  { kind: 'status_500_without_error' },
  { kind: 'html' },
];

let billing: BillingService;
let customers: Customer[];
let period: BillingPeriod = parseBillingPeriod('2024-01');
beforeAll(async () => {
  billing = await startTestBilling();
  await billing.startWorker();
  customers = await usersWithCustomer(billing, 12);
});
afterAll(() => billing.stop());
afterEach(clearFaults);

async function clearFaults(): Promise<void> {
  await fetch(`${billing.simulatorUrl}/_sim/faults`, { method: 'DELETE' });
}

const fault = async (route: string, kind: FaultKind, more: object = {}) =>
  await simulate(billing, 'faults', { route, kind, ...more });

/** A month of its own in which the nth customer has used n GPU hours. */
async function usedMonth(): Promise<number> {
  period = nextPeriod(period);
  for (const [index, each] of customers.entries()) await useGpu(billing, each, period, String(index + 1));
  return sumCents(customers.map((_, index) => 200 * (index + 1)));
}

const start = async () => await startClose(billing.temporal, { mode: 'test', period });

/** Each customer has one invoice for the month, right to the cent. */
async function expectOneInvoiceEach(): Promise<void> {
  for (const [index, { stripeCustomerId: customer, userId }] of customers.entries()) {
    const { data } = await billing.stripe.test.invoices.list({ customer, limit: 100 });
    const ofMonth = data.filter((invoice) => invoice.metadata?.['period'] === period);
    expect(ofMonth).toMatchObject([{ total: 200 * (index + 1) }]);
    expect(ofMonth[0]?.status).not.toBe('draft');
    const bill = (await listBills(billing.db, 'test', userId)).find((each) => each.period === period);
    expect(bill?.stripeInvoiceId).toBe(ofMonth[0]?.id);
  }
}

describe.each(Object.entries(ROUTES))('while bills go out, of the requests to %s some', (_, route) => {
  test.each(FAULTS)(
    'meet $kind $reason: each customer has one invoice all the same',
    async ({ kind, reason }) => {
      const cents = await usedMonth();
      await fault(route, kind, { count: 5, ...(reason === undefined ? {} : { reason }) });
      expect(await reportOf(await start())).toMatchObject({
        frozenBills: customers.length,
        invoicedBills: customers.length,
        invoicedCents: cents,
        parkedBills: 0,
        balance: { usedCents: cents, billedCents: cents },
      });
      await expectOneInvoiceEach();
    },
  );
});

test('Stripe goes down in the middle of a close: it shows that it waits, and goes on when Stripe is back', async () => {
  const cents = await usedMonth();
  // The first bills get through, then nothing does.
  await fault(ROUTES.draft, 'latency', { count: 5 });
  for (const route of ['GET /v1/**', 'POST /v1/**'])
    await fault(route, 'status_500_without_error', { count: 100_000 });
  const handle = await start();
  const { waiting } = await eventually(
    'the close to wait',
    () => progress(handle),
    (report) => report.waiting !== null,
  );
  expect(waiting?.problem).toContain('HTTP 500');
  await clearFaults();
  expect(await reportOf(handle)).toMatchObject({
    invoicedBills: customers.length,
    invoicedCents: cents,
    parkedBills: 0,
    waiting: null,
  });
  await expectOneInvoiceEach();
});

test('a customer whom Stripe has deleted is parked with the request, and stops nobody', async () => {
  await usedMonth();
  const [gone, ...others] = customers;
  await billing.stripe.test.customers.del(gone?.stripeCustomerId ?? '');
  expect(await reportOf(await start())).toMatchObject({ invoicedBills: others.length, parkedBills: 1 });
  const { problem } = await billing.db
    .selectFrom('bills')
    .select('problem')
    .where('status', '=', 'parked')
    .executeTakeFirstOrThrow();
  expect(problem).toMatch(/No such customer.*req_/);
});

const progress = async (handle: WorkflowHandle) =>
  await handle.query<MonthlyBillingReport>(BILLING_PROGRESS_QUERY);
