import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BatchActivities, ChargeActivities } from '../../activities/activities.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { reportOf, startClose } from '../../cli/close.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { BILLING_PROGRESS_QUERY, type MonthlyBillingReport } from '../../domain/monthly-close.ts';
import { BILLING_BATCH_TASK_QUEUE, billingChargesTaskQueue } from '../../domain/task-queues.ts';
import { startTimeSkippingWorker, type TimeSkippingWorker } from '../support/time-skipping.ts';
import { FakeClose } from './fake-close.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** At the same time (workflows/charge-partition.ts), and tries of each before the circuit looks (workflows/activities.ts). */
const CONCURRENT_BILLS = 25;
const TRIES = 4;

let time: TimeSkippingWorker;
let close = new FakeClose({});
beforeAll(async () => {
  // The workers live longer than each test's world.
  time = await startTimeSkippingWorker({
    [BILLING_BATCH_TASK_QUEUE]: forward(() => close.batch()),
    [billingChargesTaskQueue('test')]: forward(() => close.charges()),
  });
});
afterAll(() => time.stop());

function forward<Activities extends BatchActivities | ChargeActivities>(of: () => Activities): Activities {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same functions, found anew at each call
  return Object.fromEntries(
    Object.keys(of()).map((name) => [
      name,
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      (input: never) => (of() as Record<string, (input: never) => unknown>)[name]?.(input),
    ]),
  ) as Activities;
}

/** A month of its own for each test. */
let month = 1;
async function start(bills: number): Promise<WorkflowHandle> {
  close = new FakeClose({ bills });
  month += 1;
  const period = parseBillingPeriod(`2024-${String(month).padStart(2, '0')}`);
  return await startClose(time.client, { mode: 'test', period });
}

const progress = async (handle: WorkflowHandle) =>
  await handle.query<MonthlyBillingReport>(BILLING_PROGRESS_QUERY);

function expectEachInvoicedOnce(bills: number): void {
  expect(close.invoiced.size).toBe(bills);
  expect([...new Set(close.invoiced.values())]).toEqual([1]);
}

test('Stripe is down for a day in the middle of a close: it waits, shows that it does, and goes on by itself', async () => {
  const bills = 300;
  const handle = await start(bills);
  let isBack = false;
  close.isUp = () => isBack || close.invoiced.size < 100;
  close.answers = () => isBack || close.invoiced.size < 100;
  const { waiting } = await eventually(
    'the close to wait',
    () => progress(handle),
    (report) => report.waiting !== null,
  );
  expect(waiting?.problem).toBe('Stripe: HTTP 503');
  const downAtMs = await time.nowMs();
  await time.sleep(24 * HOUR_MS);

  const during = await progress(handle);
  expect(during).toMatchObject({ phase: 'invoicing', waiting: { problem: 'Stripe: HTTP 503' } });
  expect(downAtMs - (during.waiting?.sinceMs ?? 0)).toBeLessThan(MINUTE_MS);
  // Those that were under way were tried; nobody else was, all day. Stripe was asked about once a minute.
  expect(close.totalAttempts - close.invoiced.size).toBeLessThanOrEqual(CONCURRENT_BILLS * TRIES);
  expect(close.probes).toBeGreaterThan(24 * 60 * 0.8);
  expect(close.probes).toBeLessThan(24 * 60 * 1.2);

  isBack = true;
  expect(await reportOf(handle)).toMatchObject({
    phase: 'done',
    invoicedBills: bills,
    invoicedCents: bills * 100,
    parkedBills: 0,
    waiting: null,
  });
  expectEachInvoicedOnce(bills);
});

test('Stripe answers, but no bill gets through: one at a time is tried, and less and less often', async () => {
  const bills = 300;
  const handle = await start(bills);
  let isBack = false;
  close.isUp = () => isBack || close.invoiced.size < 100;
  await eventually(
    'the close to wait',
    () => progress(handle),
    (report) => report.waiting !== null,
  );
  const before = close.totalAttempts;
  await time.sleep(6 * HOUR_MS);
  const rounds = 6 * 12 + 10;
  expect(close.totalAttempts - before).toBeGreaterThan(6 * 12 * 0.5 * TRIES);
  expect(close.totalAttempts - before).toBeLessThanOrEqual((rounds + CONCURRENT_BILLS) * TRIES);
  isBack = true;
  expect(await reportOf(handle)).toMatchObject({ invoicedBills: bills, parkedBills: 0 });
  expectEachInvoicedOnce(bills);
});

test('a bill that never gets through while others do is parked with what it met, and stops nobody', async () => {
  const bills = 300;
  const handle = await start(bills);
  close.isUp = (billId) => billId !== 'bill_00007';
  expect(await reportOf(handle)).toMatchObject({ invoicedBills: bills - 1, parkedBills: 1 });
  expect(close.parked).toEqual(['bill_00007']);
  expectEachInvoicedOnce(bills - 1);
});

test('the last bill of all, which no other can vouch for, is tried for about a day', async () => {
  const handle = await start(1);
  close.isUp = () => false;
  const startedAtMs = await time.nowMs();
  expect(await reportOf(handle)).toMatchObject({ invoicedBills: 0, parkedBills: 1 });
  const hours = ((await time.nowMs()) - startedAtMs) / HOUR_MS;
  expect(hours).toBeGreaterThan(20);
  expect(hours).toBeLessThan(30);
});
