import type { WorkflowHandle } from '@temporalio/client';
import { SingleBar } from 'cli-progress';
import { countBills } from '../db/bill-status.ts';
import type { Database } from '../db/database.ts';
import { inWords } from '../domain/in-words.ts';
import { BILLING_PROGRESS_QUERY, type Month, type MonthlyBillingReport } from '../domain/monthly-close.ts';
import { reportOf } from './close.ts';
import { billingCommand } from './options.ts';
import { untilEnded } from './until-ended.ts';

/** Where nobody looks at a terminal, a line this often. */
const LINE_EVERY_MS = 5_000;

/**
 * Shows how far a close is until it ends, on standard error: which phase it is in, and while bills become invoices how many
 * have, how many a second, and how long the rest will take.
 */
export async function watchClose(
  handle: WorkflowHandle,
  db: Database,
  input: Month,
): Promise<MonthlyBillingReport> {
  const bar = new SingleBar({
    format: '{phase} {bar} {value}/{total} bills · {rate}/s · {duration_formatted}, {eta_formatted} to go',
    emptyOnZero: true,
    noTTYOutput: true,
    notTTYSchedule: LINE_EVERY_MS,
    etaBuffer: 100,
  });
  const result = reportOf(handle);
  const startedAt = Date.now();
  const { done: doneBefore } = await countBills(db, input);
  const show = async (phase: string): Promise<void> => {
    const { done, total } = await countBills(db, input);
    const rate = ((done - doneBefore) / ((Date.now() - startedAt) / 1_000)).toFixed(1);
    bar.setTotal(total);
    bar.update(done, { phase, rate });
  };
  bar.start(0, 0, { phase: 'starting', rate: '0' });
  try {
    await untilEnded(result, async () => await show(phaseText(await askClose(handle))));
    await show('ended');
    return await result;
  } finally {
    bar.stop();
  }
}

/** Waits for the end of a close, and says on standard error when it is a person that it waits for, and how that person goes on. */
export async function waitForClose(handle: WorkflowHandle, month: Month): Promise<MonthlyBillingReport> {
  const result = reportOf(handle);
  let said = '';
  await untilEnded(result, async () => {
    const report = await askClose(handle);
    const sentence = report === null ? null : whatItAwaits(report, month);
    if (sentence !== null && sentence !== said) process.stderr.write(`${sentence}\n`);
    said = sentence ?? '';
  });
  return await result;
}

/** @returns `null` while it is no person that it waits for. */
function whatItAwaits(report: MonthlyBillingReport, month: Month): string | null {
  if (report.waiting !== null) return null;
  if (report.phase === 'awaiting_approval') return `It awaits approval: ${billingCommand('approve', month)}`;
  if (report.phase === 'awaiting_release')
    return `It is ${phaseText(report)}: ${billingCommand('release', month)} --all`;
  return null;
}

/** @returns `null` when no worker answers; the close stands still then, which is worth showing. */
async function askClose(handle: WorkflowHandle): Promise<MonthlyBillingReport | null> {
  try {
    return await handle.query<MonthlyBillingReport>(BILLING_PROGRESS_QUERY);
  } catch {
    return null;
  }
}

function phaseText(report: MonthlyBillingReport | null): string {
  if (report === null) return 'no worker answers';
  const { phase, waiting, heldBills } = report;
  if (waiting !== null) return `waits for Stripe since ${new Date(waiting.sinceMs).toISOString()}`;
  return phase === 'awaiting_release' ? `awaiting release of ${heldBills} held` : inWords(phase);
}
