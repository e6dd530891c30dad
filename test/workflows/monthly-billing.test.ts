import { type WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Customer, simulate, subscribedCustomer } from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { useGpu, userWithoutCustomer } from '../../chaos/world/usage.ts';
import { closeMonth, startClose } from '../../cli/close.ts';
import { explainBill } from '../../db/bill-explanations.ts';
import { listBills } from '../../db/bills.ts';
import { type BillingPeriod, parseBillingPeriod } from '../../domain/billing-period.ts';
import {
  APPROVE_UPDATE,
  BILLING_PROGRESS_QUERY,
  type MonthlyBillingReport,
  monthlyBillingWorkflowId,
} from '../../domain/monthly-close.ts';
import { MONTHLY_BILLING_SCHEDULE } from '../../domain/schedules.ts';
import { ensureSchedule } from '../../worker/namespace.ts';
import type { BillingWorker } from '../../worker/worker.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { startTestBilling } from './service.ts';

let billing: BillingService;
let worker: BillingWorker;
let ada: Customer;
let grace: Customer;

// Each test closes a month of its own.
const MONTHS = {
  early: parseBillingPeriod('2025-10'),
  first: parseBillingPeriod('2025-11'),
  approved: parseBillingPeriod('2025-12'),
  interrupted: parseBillingPeriod('2026-01'),
  scheduled: parseBillingPeriod('2026-03'),
};

beforeAll(async () => {
  billing = await startTestBilling();
  worker = await billing.startWorker();
  ada = await subscribedCustomer(billing);
  grace = await subscribedCustomer(billing);
});
afterAll(() => billing.stop());

test('a close invoices every customer; one without a Stripe customer is parked and stops nobody', async () => {
  const period = MONTHS.first;
  const stranger = await userWithoutCustomer(billing);
  await useGpu(billing, ada, period, '2.25');
  await useGpu(billing, grace, period, '1000');
  await useGpu(billing, stranger, period, '3');
  const report = { mode: 'test', period, phase: 'done', parkedBills: 1 } as const;
  expect(await close(period)).toEqual({
    ...report,
    frozenBills: 3,
    invoicedBills: 2,
    invoicedCents: 450 + 200_000,
    heldBills: 0,
    waiting: null,
    // To the cent: used = billed + unbillable.
    balance: {
      usedCents: 450 + 200_000 + 600,
      billedCents: 450 + 200_000,
      unbillableCents: 600,
      paidCents: expect.any(Number) as number,
      collectingCents: expect.any(Number) as number,
      waitingCents: 0,
      heldCents: 0,
      parkedCents: 0,
      writtenOffCents: 0,
      unbilledCents: 0,
      contradictions: 0,
    },
  });
  expect(await billOf(ada, period)).toMatchObject({ status: 'paid', totalCents: 450 });
  expect(await billOf(grace, period)).toMatchObject({ status: 'paid', totalCents: 200_000 });
  expect(await billOf(stranger, period)).toMatchObject({ status: 'parked', stripeInvoiceId: null });
  const bills = { ada: await billOf(ada, period), grace: await billOf(grace, period) };
  // Who did it stays known when Temporal has forgotten.
  const explained = await explainBill(billing.db, (await billOf(ada, period))?.stripeInvoiceId ?? '');
  expect(explained).toMatchObject({
    workflow: { workflowId: monthlyBillingWorkflowId('test', period), runId: expect.any(String) as string },
    lines: [{ product: 'gpu_hour', events: { count: 1 } }],
  });
  expect(explained?.stripeWrites.map(({ writeKey }) => writeKey.split(':')[2])).toEqual([
    'draft',
    'lines',
    'finalize',
  ]);
  expect(explained?.stripeWrites.every(({ stripeRequestId }) => stripeRequestId?.startsWith('req_'))).toBe(
    true,
  );

  // A second close of the month: only what was parked is tried again.
  expect(await close(period)).toMatchObject({
    ...report,
    frozenBills: 0,
    invoicedBills: 0,
    invoicedCents: 0,
  });
  expect({ ada: await billOf(ada, period), grace: await billOf(grace, period) }).toEqual(bills);
  expect(await invoiceTotalsOf(ada)).toEqual([450]);
  expect(await invoiceTotalsOf(grace)).toEqual([200_000]);

  // Registered by hand meanwhile: the parked bill goes out with the next attempt.
  const { id } = await billing.stripe.test.customers.create({ name: 'Late' });
  await billing.db
    .updateTable('users')
    .set({ stripe_customer_id: id })
    .where('user_id', '=', stranger.userId)
    .execute();
  expect(await close(period)).toMatchObject({
    frozenBills: 0,
    invoicedBills: 1,
    parkedBills: 0,
    invoicedCents: 600,
  });
});

test('where approval is required, frozen bills wait for a person with a name', async () => {
  const period = MONTHS.approved;
  await worker.stop();
  worker = await billing.startWorker({ approval: 'required' });
  await useGpu(billing, ada, period, '10');
  const handle = await startClose(billing.temporal, { mode: 'test', period });
  await eventually(
    'the close to wait for approval',
    () => handle.query<MonthlyBillingReport>(BILLING_PROGRESS_QUERY),
    ({ phase }) => phase === 'awaiting_approval',
  );
  expect(await billOf(ada, period)).toMatchObject({ status: 'frozen', stripeInvoiceId: null });

  for (const approvedBy of ['', '  ']) {
    const refusal: unknown = await handle
      .executeUpdate(APPROVE_UPDATE, { args: [{ approvedBy }] })
      .catch((error: unknown) => error);
    expect((refusal as WorkflowUpdateFailedError).cause?.message).toContain('Say who approves');
  }
  expect(await billOf(ada, period)).toMatchObject({ status: 'frozen' });
  // A validator leaves no trace: what was refused was never accepted.
  const { events } = await handle.fetchHistory();
  expect(events?.some((event) => event.workflowExecutionUpdateAcceptedEventAttributes)).toBe(false);

  await handle.executeUpdate(APPROVE_UPDATE, { args: [{ approvedBy: 'Grace Hopper' }] });
  expect(await handle.result()).toMatchObject({ phase: 'done', invoicedBills: 1, invoicedCents: 2_000 });
  expect(await billOf(ada, period)).toMatchObject({ status: 'paid' });
  await worker.stop();
  worker = await billing.startWorker();
});

test('an approval that comes too early hears why', async () => {
  await worker.stop();
  // A month that is over, and whose late events are waited for still.
  const collectionWindowMs = Date.now();
  worker = await billing.startWorker({ approval: 'required', collectionWindowMs });
  const handle = await startClose(billing.temporal, { mode: 'test', period: MONTHS.early });
  await eventually(
    'the close to wait for late events',
    () => handle.query<MonthlyBillingReport>(BILLING_PROGRESS_QUERY),
    ({ phase }) => phase === 'collecting',
  );
  const refusal: unknown = await handle
    .executeUpdate(APPROVE_UPDATE, { args: [{ approvedBy: 'Grace Hopper' }] })
    .catch((error: unknown) => error);
  expect((refusal as WorkflowUpdateFailedError).cause?.message).toContain('the close is collecting');
  await handle.terminate('seen');
  await worker.stop();
  worker = await billing.startWorker();
});

test('a close whose worker dies between freeze and invoice is finished by another, with one invoice each', async () => {
  const period = MONTHS.interrupted;
  await useGpu(billing, ada, period, '7');
  await useGpu(billing, grace, period, '8');
  const before = { ada: await invoiceTotalsOf(ada), grace: await invoiceTotalsOf(grace) };
  // Both drafts are made; then nothing gets through until the worker is gone.
  await simulate(billing, 'faults', {
    route: 'POST /v1/invoices/:id/add_lines',
    kind: 'status_500_without_error',
    count: 1_000,
  });
  const draftsBefore = await draftsMade();
  const handle = await startClose(billing.temporal, { mode: 'test', period });
  await eventually('two drafts', draftsMade, (drafts) => drafts === draftsBefore + 2);
  await worker.stop();
  expect(await billOf(ada, period)).toMatchObject({ status: 'frozen', stripeInvoiceId: null });
  await fetch(`${billing.simulatorUrl}/_sim/faults`, { method: 'DELETE' });

  worker = await billing.startWorker();
  expect(await handle.result()).toMatchObject({ frozenBills: 2, invoicedBills: 2, invoicedCents: 3_000 });
  expect(await billOf(ada, period)).toMatchObject({ status: 'paid' });
  expect(await invoiceTotalsOf(ada)).toEqual([...before.ada, 1_400].toSorted((a, b) => a - b));
  expect(await invoiceTotalsOf(grace)).toEqual([...before.grace, 1_600].toSorted((a, b) => a - b));
});

test('a scheduled close bills the month before the time it was scheduled for, a back-filled one too', async () => {
  const period = MONTHS.scheduled;
  await useGpu(billing, ada, period, '4');
  // Used in the month in which the close runs: none of its business.
  await useGpu(billing, ada, parseBillingPeriod('2026-04'), '100');
  await ensureSchedule(billing.temporal, MONTHLY_BILLING_SCHEDULE, 'test');
  const schedule = billing.temporal.schedule.getHandle(MONTHLY_BILLING_SCHEDULE.scheduleId('test'));
  await schedule.backfill({
    start: new Date('2026-03-31T23:59:00Z'),
    end: new Date('2026-04-01T00:01:00Z'),
    overlap: 'ALLOW_ALL',
  });
  const workflowId = monthlyBillingWorkflowId('test', period);
  const report = await eventually(
    'the close to be done',
    async () => (await billing.temporal.workflow.getHandle(workflowId).result()) as MonthlyBillingReport,
    () => true,
  );
  expect(report).toMatchObject({
    period,
    phase: 'done',
    frozenBills: 1,
    invoicedBills: 1,
    invoicedCents: 800,
  });
  expect(await billOf(ada, period)).toMatchObject({ period, totalCents: 800 });
  const { info } = await schedule.describe();
  expect(info.numActionsTaken).toBe(1);
});

test("making sure of the Schedule once more keeps an operator's pause, and mends what was changed", async () => {
  await ensureSchedule(billing.temporal, MONTHLY_BILLING_SCHEDULE, 'live');
  const schedule = billing.temporal.schedule.getHandle(MONTHLY_BILLING_SCHEDULE.scheduleId('live'));
  const made = await schedule.describe();
  expect(made.state).toMatchObject({ paused: false });
  // A close that is late buffers the next, and one that was missed is caught up with for 30 days.
  expect(made.policies).toMatchObject({ overlap: 'BUFFER_ONE', catchupWindow: 30 * 24 * 60 * 60_000 });
  await schedule.pause('an operator looks into something');
  await schedule.update((previous) => ({ ...previous, spec: { cronExpressions: ['0 5 * * *'] } }));

  await ensureSchedule(billing.temporal, MONTHLY_BILLING_SCHEDULE, 'live');
  const { state, spec, info } = await schedule.describe();
  expect(state).toMatchObject({ paused: true, note: 'an operator looks into something' });
  expect(spec.calendars).toHaveLength(1);
  expect(info.nextActionTimes.map((time) => time.toISOString().slice(7))).toEqual(
    info.nextActionTimes.map(() => '-01T00:00:00.000Z'),
  );
  await schedule.unpause();
  await ensureSchedule(billing.temporal, MONTHLY_BILLING_SCHEDULE, 'live');
  expect((await schedule.describe()).state.paused).toBe(false);
});

async function close(period: BillingPeriod): Promise<MonthlyBillingReport> {
  return await closeMonth(billing.temporal, { mode: 'test', period });
}

/** The user's bill of the month, once Stripe has no more to say about it. */
async function billOf({ userId }: Pick<Customer, 'userId'>, period: BillingPeriod) {
  return await eventually(
    `the bill of ${userId}`,
    async () => (await listBills(billing.db, 'test', userId)).find((bill) => bill.period === period),
    (bill) => bill !== undefined && bill.status !== 'open',
  );
}

/** How many invoices Stripe has ever made. */
async function draftsMade(): Promise<number> {
  const { data } = await billing.stripe.test.events.list({ type: 'invoice.created', limit: 100 });
  return data.length;
}

/** What the customer's invoices ask for, those of nothing aside; smallest first. */
async function invoiceTotalsOf({ stripeCustomerId: customer }: Customer): Promise<number[]> {
  const { data } = await billing.stripe.test.invoices.list({ customer, limit: 100 });
  return data
    .map((invoice) => invoice.total)
    .filter((total) => total !== 0)
    .toSorted((a, b) => a - b);
}
