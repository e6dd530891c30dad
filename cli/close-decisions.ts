import type { Client, WorkflowHandle } from '@temporalio/client';
import type { DecisionOnBills } from '../api/temporal/decide-on-bills.ts';
import { type Month, RETRY_PARKED_UPDATE } from '../domain/monthly-close.ts';
import { workflowLink } from '../domain/workflow-link.ts';
import { say } from './console.ts';
import { type CliContext, inItsWords } from './context.ts';

/** @throws UsageError with the close's own sentence when there is nothing to approve. */
export async function approve(context: CliContext, month: Month, by: string): Promise<void> {
  await context.withTemporal(async (temporal) => {
    const { approveClose } = await import('../api/temporal/decisions.ts');
    await inItsWords(() => approveClose(temporal, month, { approvedBy: by }));
  });
  say(`${month.period} (${month.mode}) is approved.`);
}

const DONE = { hold: 'held', release: 'released', skip: 'skipped' } as const;

/**
 * Sends a decision to the close of the month, which is started for it when none runs.
 *
 * @throws UsageError with the close's own sentence when it refuses.
 */
export async function decideOnBills(
  context: CliContext,
  month: Month,
  decision: DecisionOnBills,
): Promise<void> {
  const api = await import('../api/temporal/decide-on-bills.ts');
  const { bills, workflowId } = await context.withDatabase((db) =>
    context.withTemporal((temporal) =>
      inItsWords(() => api.decideOnBills({ db, temporal }, month, decision)),
    ),
  );
  const what = bills.length === 1 ? bills[0] : `${bills.length} bills`;
  say(`${what} ${DONE[decision.type]}. Close of ${month.period}: ${workflowLink(context.links, workflowId)}`);
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
