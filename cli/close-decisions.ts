import type { Client, WorkflowHandle } from '@temporalio/client';
import { findBillsOfMonth } from '../db/bills.ts';
import { listHeldBills } from '../db/close-decisions.ts';
import type { BillsDecision, RetryParked } from '../domain/close-decisions.ts';
import {
  APPROVE_UPDATE,
  type Month,
  type MonthlyBillingInput,
  type MonthlyBillingReport,
  monthlyBillingStart,
  RETRY_PARKED_UPDATE,
} from '../domain/monthly-close.ts';
import { MONTHLY_BILLING_WORKFLOW, monthlyBillingWorkflowId } from '../domain/workflow-contracts.ts';
import { workflowLink } from '../domain/workflow-link.ts';
import { say } from './console.ts';
import { type CliContext, isTemporalError, UsageError } from './context.ts';

/** @throws UsageError with the close's own sentence when there is nothing to approve. */
export async function approve(context: CliContext, { mode, period }: Month, by: string): Promise<void> {
  await context.withTemporal(async (temporal) => {
    const close = temporal.workflow.getHandle(monthlyBillingWorkflowId(mode, period));
    await inItsWords(() => close.executeUpdate(APPROVE_UPDATE, { args: [{ approvedBy: by }] }), {
      WorkflowNotFoundError: `There is nothing to approve: no close of ${period} (${mode}) runs.`,
    });
  });
  say(`${period} (${mode}) is approved.`);
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
  const bills = await context.withDatabase(async (db) => {
    if (choice.bills === 'all') return await listHeldBills(db, month);
    return await findBillsOfMonth(db, month, choice.bills);
  });
  if (bills.length === 0) {
    const { mode, period } = month;
    throw new UsageError(
      choice.bills === 'all'
        ? `No bill of ${period} (${mode}) is held.`
        : `Name bills of ${period} (${mode}): bill_…, or a user's id.`,
    );
  }
  const { type, by, reason } = choice;
  const request = { bills, by, ...(reason === undefined ? {} : { reason }) };
  await context.withTemporal(async (temporal) => {
    const { workflowId } = await tellClose(temporal, month, type, request);
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
  return await tellClose(temporal, month, RETRY_PARKED_UPDATE, { by });
}

async function tellClose(
  temporal: Client,
  month: Month,
  update: string,
  request: BillsDecision | RetryParked,
): Promise<WorkflowHandle> {
  const { WithStartWorkflowOperation } = await import('@temporalio/client');
  type Close = (input: MonthlyBillingInput) => Promise<MonthlyBillingReport>;
  const start = monthlyBillingStart({ ...month, onlyDecisions: true });
  const startWorkflowOperation = new WithStartWorkflowOperation<Close>(MONTHLY_BILLING_WORKFLOW, {
    ...start,
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  await inItsWords(() =>
    temporal.workflow.executeUpdateWithStart<Close, void, [typeof request]>(update, {
      startWorkflowOperation,
      args: [request],
    }),
  );
  return temporal.workflow.getHandle(start.workflowId);
}

/** @throws UsageError with what the workflow says, when it refuses. */
async function inItsWords(
  call: () => Promise<void>,
  words: { readonly WorkflowNotFoundError?: string } = {},
): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (isTemporalError(error, 'WorkflowUpdateFailedError'))
      throw new UsageError(error.cause instanceof Error ? error.cause.message : error.message);
    if (isTemporalError(error, 'WorkflowNotFoundError') && words.WorkflowNotFoundError !== undefined)
      throw new UsageError(words.WorkflowNotFoundError);
    throw error;
  }
}
