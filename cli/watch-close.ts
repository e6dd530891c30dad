import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { SingleBar } from 'cli-progress';
import { countBills } from '../db/bill-status.ts';
import type { Database } from '../db/database.ts';
import { inWords } from '../domain/in-words.ts';
import { BILLING_PROGRESS_QUERY, type Month, type MonthlyBillingReport } from '../domain/monthly-close.ts';
import { reportOf } from './close.ts';

const POLL_MS = 500;
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
  const ended = result.then(
    () => true,
    () => true,
  );
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
    do await show(await phaseOf(handle));
    while (!(await Promise.race([ended, sleep(POLL_MS, false)])));
    await show('ended');
    return await result;
  } finally {
    bar.stop();
  }
}

/**
 * Waits for the end of a close, and says on standard error when it is a person that it waits for.
 *
 * @param command such as `approve 2026-10`: how that person goes on.
 */
export async function waitForClose(
  handle: WorkflowHandle,
  command: (name: 'approve' | 'release') => string,
): Promise<MonthlyBillingReport> {
  const result = reportOf(handle);
  const ended = result.then(
    () => true,
    () => true,
  );
  let said = '';
  while (!(await Promise.race([ended, sleep(POLL_MS, false)]))) {
    const phase = await phaseOf(handle);
    if (phase === said) continue;
    said = phase;
    if (phase === 'awaiting approval') process.stderr.write(`It awaits approval: ${command('approve')}\n`);
    if (phase.startsWith('awaiting release'))
      process.stderr.write(`It is ${phase}: ${command('release')} --all\n`);
  }
  return await result;
}

/** A query needs a worker; without one the close stands still, which is worth showing. */
async function phaseOf(handle: WorkflowHandle): Promise<string> {
  try {
    const { phase, waiting, heldBills } = await handle.query<MonthlyBillingReport>(BILLING_PROGRESS_QUERY);
    if (waiting !== null) return `waits for Stripe since ${new Date(waiting.sinceMs).toISOString()}`;
    return phase === 'awaiting_release' ? `awaiting release of ${heldBills} held` : inWords(phase);
  } catch {
    return 'no worker answers';
  }
}
