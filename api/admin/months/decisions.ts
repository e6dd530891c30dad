import { type BillsChoice, chosenBills } from '../../../db/close-decisions.ts';
import { noBillChosen } from '../../../domain/close-decisions.ts';
import { type Month, RETRY_PARKED_UPDATE } from '../../../domain/monthly-close.ts';
import { monthlyBillingWorkflowId } from '../../../domain/workflow-contracts.ts';
import type { ApiDependencies } from '../../dependencies.ts';
import { HttpError } from '../../errors.ts';
import { withTemporal } from '../../temporal/calls.ts';
import { startClose } from '../../temporal/close.ts';
import { approveClose, decideOnClose } from '../../temporal/decisions.ts';
import { waitForWorker } from '../../temporal/worker-calls.ts';
import { type WorkflowRef, workflowRef } from '../workflow.ts';
import { isOver } from './month.ts';

const START_DEADLINE_MS = 5_000;

/** Who decides, and the id under which it is carried out once, however often it is sent. */
interface Decided {
  readonly by: string;
  readonly updateId: string;
}

interface DecidedOnBills extends Decided {
  readonly type: 'hold' | 'release' | 'skip';
  readonly bills: BillsChoice;
  readonly reason?: string | undefined;
}

/**
 * Starts the close of a month, or joins the one that runs.
 *
 * @throws HttpError `month_not_over`, `temporal_unavailable`
 */
export async function closeMonth(dependencies: ApiDependencies, month: Month): Promise<WorkflowRef> {
  if (!isOver(dependencies, month.period)) {
    const message = `${month.period} is not over yet; only a month that has ended can be closed`;
    throw new HttpError('month_not_over', message, { param: 'period' });
  }
  const { temporal } = dependencies;
  const workflowId = await withTemporal(temporal, START_DEADLINE_MS, () => startClose(temporal, month));
  return workflowRef(dependencies, workflowId);
}

/**
 * Lets the frozen bills of a month go out.
 *
 * @throws HttpError `decision_refused` with the close's own sentence, or as {@link waitForWorker} does.
 */
export async function approveMonth(
  dependencies: ApiDependencies,
  month: Month,
  { by, updateId }: Decided,
): Promise<WorkflowRef> {
  const { temporal } = dependencies;
  await waitForWorker(temporal, () => approveClose(temporal, month, { approvedBy: by, updateId }));
  return workflowRef(dependencies, monthlyBillingWorkflowId(month.mode, month.period));
}

/**
 * Has the month's close try its parked bills once more, and starts it for nothing else where none runs.
 *
 * @throws HttpError `decision_refused` with the close's own sentence, or as {@link waitForWorker} does.
 */
export async function retryParkedBills(
  dependencies: ApiDependencies,
  month: Month,
  { by, updateId }: Decided,
): Promise<WorkflowRef> {
  const { temporal } = dependencies;
  const decision = { update: RETRY_PARKED_UPDATE, request: { by }, updateId } as const;
  const decide = () => decideOnClose(temporal, month, decision);
  return workflowRef(dependencies, await waitForWorker(temporal, decide));
}

/**
 * Holds, releases or skips bills of a month: all that are named, or none.
 *
 * @returns those that it is about.
 * @throws HttpError `decision_refused` with the close's own sentence, or as {@link waitForWorker} does.
 */
export async function decideOnBills(
  dependencies: ApiDependencies,
  month: Month,
  { type, bills: choice, by, reason, updateId }: DecidedOnBills,
): Promise<{ readonly bills: string[]; readonly workflow: WorkflowRef }> {
  const { db, temporal } = dependencies;
  const bills = await chosenBills(db, month, choice);
  if (bills.length === 0) throw new HttpError('decision_refused', noBillChosen(month, choice));
  const request = { bills, by, ...(reason === undefined ? {} : { reason }) };
  const decide = () => decideOnClose(temporal, month, { update: type, request, updateId });
  const workflowId = await waitForWorker(temporal, decide);
  return { bills, workflow: workflowRef(dependencies, workflowId) };
}
