import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { reportOf, startClose } from '../cli/close.ts';
import { countBills } from '../db/bill-status.ts';
import type { Database } from '../db/database.ts';
import type { BillingPeriod } from '../domain/billing-period.ts';
import { monthlyBillingWorkflowId } from '../domain/workflow-contracts.ts';
import { cpuMs, residentBytes } from './processes.ts';
import { type BenchParts, progress } from './stack.ts';
import { firstThird, lastThird, median } from './statistics.ts';
import { type HistoryTotals, historyTotals } from './workflow-histories.ts';

/** The close that is to be measured, and what must come of it. */
export interface ExpectedClose {
  readonly period: BillingPeriod;
  readonly customers: number;
  readonly totalCents: number;
}

export interface MeasuredClose {
  readonly customers: number;
  /** From the close's start until the last bill was frozen. */
  readonly freezingSeconds: number;
  /** From then until the last bill was known to have its invoice. */
  readonly chargingSeconds: number;
  /** From the close's start until its report. */
  readonly closeSeconds: number;
  readonly workerMemory: WorkerMemory;
  /** Processor time of each part, in milliseconds; `null` where there is no /proc. */
  readonly cpuMsPerCustomer: Readonly<Record<MeasuredPart, number | null>>;
  readonly histories: HistoryTotals;
}

/** Resident, in MB, while the close went on. */
export interface WorkerMemory {
  readonly firstThirdMedianMb: number;
  readonly lastThirdMedianMb: number;
  readonly peakMb: number;
}

type MeasuredPart = Exclude<keyof BenchParts['pids'], 'api'>;

const MODE = 'live';
const SAMPLE_EVERY_MS = 1_000;
const PROGRESS_EVERY_MS = 15_000;
const MB = 1_048_576;

/**
 * Closes a month and holds it against what must come of it. When each phase ended the bills themselves tell: a query of the
 * workflow would have the worker do something else meanwhile.
 *
 * @throws Error when a bill is missing, parked, or of another amount.
 */
export async function measuredClose(
  { temporal, pids }: BenchParts,
  db: Database,
  { period, customers, totalCents }: ExpectedClose,
): Promise<MeasuredClose> {
  const cpuBefore = await cpuOf(pids);
  const startedAt = Date.now();
  const close = reportOf(await startClose(temporal, { mode: MODE, period }));
  const samplesMb = await sampled(close, pids.worker, () => showProgress(db, period));
  const report = await close;
  const closeSeconds = (Date.now() - startedAt) / 1_000;
  const cpuAfter = await cpuOf(pids);
  const bills = await billsOf(db, period);
  const found = { ...bills, parked: report.parkedBills, reportedCents: report.invoicedCents };
  if (
    [bills.bills, bills.invoices, report.invoicedBills].some((count) => count !== customers) ||
    [bills.totalCents, report.invoicedCents].some((cents) => cents !== totalCents)
  )
    throw new Error(
      `${customers} bills of ${totalCents} cents were expected of ${period}, not ${JSON.stringify(found)}`,
    );
  const each = (before: number | null, after: number | null) =>
    before === null || after === null ? null : (after - before) / customers;
  return {
    customers,
    freezingSeconds: (bills.lastFrozenAt.getTime() - startedAt) / 1_000,
    chargingSeconds: (bills.lastInvoicedAt.getTime() - bills.lastFrozenAt.getTime()) / 1_000,
    closeSeconds,
    workerMemory: {
      firstThirdMedianMb: median(firstThird(samplesMb)),
      lastThirdMedianMb: median(lastThird(samplesMb)),
      peakMb: Math.max(...samplesMb),
    },
    cpuMsPerCustomer: {
      worker: each(cpuBefore.worker, cpuAfter.worker),
      postgres: each(cpuBefore.postgres, cpuAfter.postgres),
      temporal: each(cpuBefore.temporal, cpuAfter.temporal),
      stripeSimulator: each(cpuBefore.stripeSimulator, cpuAfter.stripeSimulator),
    },
    histories: await historyTotals(temporal, monthlyBillingWorkflowId(MODE, period)),
  };
}

/** @returns the worker's resident memory in MB, each second until `work` has ended. */
async function sampled(
  work: Promise<unknown>,
  workerPid: number,
  show: () => Promise<void>,
): Promise<number[]> {
  const samplesMb: number[] = [];
  const ended = work.then(
    () => true,
    () => true,
  );
  let nextShow = performance.now() + PROGRESS_EVERY_MS;
  do {
    samplesMb.push(((await residentBytes(workerPid)) ?? Number.NaN) / MB);
    if (performance.now() < nextShow) continue;
    nextShow += PROGRESS_EVERY_MS;
    await show();
  } while (!(await Promise.race([ended, sleep(SAMPLE_EVERY_MS, false)])));
  return samplesMb;
}

/** Of each part since it began, in milliseconds. */
async function cpuOf(pids: BenchParts['pids']): Promise<Record<MeasuredPart, number | null>> {
  return {
    worker: await cpuMs(pids.worker),
    postgres: await cpuMs(pids.postgres),
    temporal: await cpuMs(pids.temporal),
    stripeSimulator: await cpuMs(pids.stripeSimulator),
  };
}

async function showProgress(db: Database, period: BillingPeriod): Promise<void> {
  const { done, total } = await countBills(db, { mode: MODE, period });
  progress(`${period}: ${done} of ${total} bills have their invoice`);
}

/** `invoices` are different ones that wait to be collected. */
async function billsOf(db: Database, period: BillingPeriod) {
  const { rows } = await sql<{
    bills: number;
    invoices: number;
    totalCents: number;
    lastFrozenAt: Date;
    lastInvoicedAt: Date;
  }>`
    SELECT count(*) AS bills, count(DISTINCT stripe_invoice_id) FILTER (WHERE status = 'open') AS invoices,
      sum(total_cents)::bigint AS "totalCents", max(frozen_at) AS "lastFrozenAt", max(updated_at) AS "lastInvoicedAt"
    FROM bills WHERE mode = ${MODE} AND period = ${period}`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error('an aggregate has one row');
  return row;
}
