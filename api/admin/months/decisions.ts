import {
  type Month,
  monthlyBillingWorkflowId,
  RETRY_PARKED_UPDATE,
  whyNotClose,
} from '../../../domain/monthly-close.ts';
import type { ApiDependencies } from '../../dependencies.ts';
import { HttpError } from '../../errors.ts';
import { withTemporal } from '../../temporal/calls.ts';
import { startClose } from '../../temporal/close.ts';
import { type DecisionOnBills, decideOnBills } from '../../temporal/decide-on-bills.ts';
import { approveClose, decideOnClose } from '../../temporal/decisions.ts';
import { waitForWorker } from '../../temporal/worker-calls.ts';
import { type WorkflowRef, workflowRef } from '../workflow.ts';

const START_DEADLINE_MS = 5_000;

/** Who decides, and the id under which it is carried out once, however often it is sent. */
interface Decided {
  readonly by: string;
  readonly updateId: string;
}

/**
 * Starts the close of a month, or joins the one that runs.
 *
 * @throws HttpError `month_not_over`, `temporal_unavailable`
 */
export async function closeMonth(dependencies: ApiDependencies, month: Month): Promise<WorkflowRef> {
  const { temporal, now = () => new Date() } = dependencies;
  const why = whyNotClose(month.period, now());
  if (why !== null) throw new HttpError('month_not_over', why, { param: 'period' });
  const workflowId = await withTemporal(temporal, START_DEADLINE_MS, () => startClose(temporal, month));
  return workflowRef(dependencies, workflowId);
}

/**
 * Lets the frozen bills of a month go out.
 *
 * @throws HttpError `decision_refused` with the close's own sentence, `workflow_ended`, or as {@link waitForWorker} does.
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
 * @throws HttpError `decision_refused` with the close's own sentence, `workflow_ended`, or as {@link waitForWorker} does.
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
 * @throws HttpError `decision_refused` with the close's own sentence, `workflow_ended`, or as {@link waitForWorker} does.
 */
export async function decideOnBillsOfMonth(
  dependencies: ApiDependencies,
  month: Month,
  decision: DecisionOnBills & Decided,
): Promise<{ readonly bills: string[]; readonly workflow: WorkflowRef }> {
  const decide = () => decideOnBills(dependencies, month, decision);
  const { bills, workflowId } = await waitForWorker(dependencies.temporal, decide);
  return { bills, workflow: workflowRef(dependencies, workflowId) };
}
