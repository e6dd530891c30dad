import { sql } from 'kysely';
import { reportOf, startClose } from '../cli/close.ts';
import { note } from '../cli/console.ts';
import { countBills } from '../db/bill-status.ts';
import type { Database } from '../db/database.ts';
import type { BillingPeriod } from '../domain/billing-period.ts';
import { type MonthlyBillingReport, monthlyBillingWorkflowId } from '../domain/monthly-close.ts';
import { meanwhile } from '../stack/waiting.ts';
import { MB } from './machine.ts';
import { cpuMs, residentBytes } from './processes.ts';
import { type BenchParts } from './stack.ts';
import { firstThird, lastThird, median } from './statistics.ts';
import { type HistoryTotals, historyTotals } from './workflow-histories.ts';

/** The close that is to be measured, and what must come of it. */
export interface ExpectedClose {
  readonly period: BillingPeriod;
  readonly customers: number;
  readonly totalCents: number;
}

/** A close that came out as expected: how long it took, and what of the machine. */
export interface MeasuredClose {
  readonly customers: number;
  /** From the close's start until the last bill was frozen. */
  readonly freezingSeconds: number;
  /** From then until the last bill was known to have its invoice. */
  readonly chargingSeconds: number;
  /** From the close's start until its report. */
  readonly closeSeconds: number;
  readonly workerMemory: WorkerMemory;
  /** Processor time of each part, in milliseconds; not a number where there is no /proc. */
  readonly cpuMsPerCustomer: CpuMs;
  readonly histories: HistoryTotals;
}

/** Resident, in MB, while the close went on. */
export interface WorkerMemory {
  readonly firstThirdMedianMb: number;
  readonly lastThirdMedianMb: number;
  readonly peakMb: number;
}

type CpuMs = Readonly<Record<Exclude<keyof BenchParts['pids'], 'api'>, number>>;

const MODE = 'live';
const SAMPLE_EVERY_MS = 1_000;
const PROGRESS_EVERY_MS = 15_000;

/**
 * Closes a month and holds it against what must come of it. When each phase ended the bills themselves tell: a query of the
 * workflow would have the worker do something else meanwhile.
 *
 * @throws Error when a bill is missing, parked, or of another amount.
 */
export async function measuredClose(
  { temporal, pids }: BenchParts,
  db: Database,
  expected: ExpectedClose,
): Promise<MeasuredClose> {
  const { period, customers } = expected;
  const cpuBefore = await cpuOf(pids);
  const startedAt = Date.now();
  const close = reportOf(await startClose(temporal, { mode: MODE, period }));
  const samplesMb = await sampled(close, pids.worker, () => showProgress(db, period));
  const report = await close;
  const endedAt = Date.now();
  const cpuAfter = await cpuOf(pids);
  const bills = await billsOf(db, period);
  check(expected, bills, report);
  return {
    customers,
    freezingSeconds: (bills.lastFrozenAt.getTime() - startedAt) / 1_000,
    chargingSeconds: (bills.lastInvoicedAt.getTime() - bills.lastFrozenAt.getTime()) / 1_000,
    closeSeconds: (endedAt - startedAt) / 1_000,
    workerMemory: {
      firstThirdMedianMb: median(firstThird(samplesMb)),
      lastThirdMedianMb: median(lastThird(samplesMb)),
      peakMb: Math.max(...samplesMb),
    },
    cpuMsPerCustomer: {
      worker: (cpuAfter.worker - cpuBefore.worker) / customers,
      postgres: (cpuAfter.postgres - cpuBefore.postgres) / customers,
      temporal: (cpuAfter.temporal - cpuBefore.temporal) / customers,
      stripeSimulator: (cpuAfter.stripeSimulator - cpuBefore.stripeSimulator) / customers,
    },
    histories: await historyTotals(temporal, monthlyBillingWorkflowId(MODE, period)),
  };
}

function check(
  { period, customers, totalCents }: ExpectedClose,
  bills: Bills,
  { invoicedBills, invoicedCents }: MonthlyBillingReport,
): void {
  const counts = [bills.bills, bills.invoices, invoicedBills];
  const cents = [bills.totalCents, invoicedCents];
  if (counts.every((count) => count === customers) && cents.every((sum) => sum === totalCents)) return;
  throw new Error(
    `${customers} bills of ${totalCents} cents in all were expected of ${period}, but there are ${bills.bills} of ${bills.totalCents} with ${bills.invoices} invoices, and the close tells of ${invoicedBills} of ${invoicedCents}`,
  );
}

/** @returns the worker's resident memory in MB, each second until `work` has ended. */
async function sampled(
  work: Promise<unknown>,
  workerPid: number,
  show: () => Promise<void>,
): Promise<number[]> {
  const samplesMb: number[] = [];
  const sample = async () => {
    samplesMb.push(((await residentBytes(workerPid)) ?? Number.NaN) / MB);
  };
  let nextShow = performance.now() + PROGRESS_EVERY_MS;
  await sample();
  await meanwhile(work, SAMPLE_EVERY_MS, async () => {
    await sample();
    if (performance.now() < nextShow) return;
    nextShow += PROGRESS_EVERY_MS;
    await show();
  });
  return samplesMb;
}

/** Since each began. */
async function cpuOf(pids: BenchParts['pids']): Promise<CpuMs> {
  return {
    worker: (await cpuMs(pids.worker)) ?? Number.NaN,
    postgres: (await cpuMs(pids.postgres)) ?? Number.NaN,
    temporal: (await cpuMs(pids.temporal)) ?? Number.NaN,
    stripeSimulator: (await cpuMs(pids.stripeSimulator)) ?? Number.NaN,
  };
}

async function showProgress(db: Database, period: BillingPeriod): Promise<void> {
  const { done, total } = await countBills(db, { mode: MODE, period });
  note(`${period}: ${done} of ${total} bills have their invoice`);
}

interface Bills {
  readonly bills: number;
  /** Different ones that wait to be collected. */
  readonly invoices: number;
  readonly totalCents: number;
  readonly lastFrozenAt: Date;
  readonly lastInvoicedAt: Date;
}

async function billsOf(db: Database, period: BillingPeriod): Promise<Bills> {
  const { rows } = await sql<Bills>`
    SELECT count(*) AS bills, count(DISTINCT stripe_invoice_id) FILTER (WHERE status = 'open') AS invoices,
      sum(total_cents)::bigint AS "totalCents", max(frozen_at) AS "lastFrozenAt", max(updated_at) AS "lastInvoicedAt"
    FROM bills WHERE mode = ${MODE} AND period = ${period}`.execute(db);
  const [bills] = rows;
  if (bills === undefined) throw new Error('an aggregate has one row');
  return bills;
}
