import type { Client, WorkflowHandle } from '@temporalio/client';
import { chosenBills } from '../db/close-decisions.ts';
import { noBillChosen } from '../domain/close-decisions.ts';
import { type Month, RETRY_PARKED_UPDATE } from '../domain/monthly-close.ts';
import { workflowLink } from '../domain/workflow-link.ts';
import { say } from './console.ts';
import { type CliContext, inItsWords, UsageError } from './context.ts';

/** @throws UsageError with the close's own sentence when there is nothing to approve. */
export async function approve(context: CliContext, month: Month, by: string): Promise<void> {
  await context.withTemporal(async (temporal) => {
    const { approveClose } = await import('../api/temporal/decisions.ts');
    await inItsWords(() => approveClose(temporal, month, { approvedBy: by }));
  });
  say(`${month.period} (${month.mode}) is approved.`);
}

export interface BillsChoice {
  readonly type: 'hold' | 'release' | 'skip';
  /** Ids of bills, or of users: then all of their bills of the month. `all`: those that are held. */
  readonly bills: readonly string[] | 'all';
  readonly by: string;
  readonly reason?: string | undefined;
}

const DONE = { hold: 'held', release: 'released', skip: 'skipped' } as const;

/**
 * Sends a decision to the close of the month, which is started for it when none runs.
 *
 * @throws UsageError with the close's own sentence when it refuses.
 */
export async function decideOnBills(context: CliContext, month: Month, choice: BillsChoice): Promise<void> {
  const bills = await context.withDatabase((db) => chosenBills(db, month, choice.bills));
  if (bills.length === 0) throw new UsageError(noBillChosen(month, choice.bills));
  const { type, by, reason } = choice;
  const request = { bills, by, ...(reason === undefined ? {} : { reason }) };
  await context.withTemporal(async (temporal) => {
    const { decideOnClose } = await import('../api/temporal/decisions.ts');
    const workflowId = await inItsWords(() => decideOnClose(temporal, month, { update: type, request }));
    const what = bills.length === 1 ? bills[0] : `${bills.length} bills`;
    say(`${what} ${DONE[type]}. Close of ${month.period}: ${workflowLink(context.links, workflowId)}`);
  });
}

/**
 * Has the month's close try its parked bills once more.
 *
 * @returns the close that does it: the one that runs, or one that was started for nothing else.
 */
export async function retryParked(temporal: Client, month: Month, by: string): Promise<WorkflowHandle> {
  const { decideOnClose } = await import('../api/temporal/decisions.ts');
  const decision = { update: RETRY_PARKED_UPDATE, request: { by } } as const;
  return temporal.workflow.getHandle(await inItsWords(() => decideOnClose(temporal, month, decision)));
}
