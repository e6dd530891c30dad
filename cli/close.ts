import type { Client, WorkflowHandle } from '@temporalio/client';
import {
  type MonthlyBillingInput,
  type MonthlyBillingReport,
  monthlyBillingStart,
} from '../domain/monthly-close.ts';
import { MONTHLY_BILLING_WORKFLOW } from '../domain/workflow-contracts.ts';
import { isTemporalError } from './context.ts';

/** Starts the close of a month, or joins the one that runs. */
export async function startClose(temporal: Client, input: MonthlyBillingInput): Promise<WorkflowHandle> {
  const start = monthlyBillingStart(input);
  try {
    return await temporal.workflow.start(MONTHLY_BILLING_WORKFLOW, start);
  } catch (error) {
    if (!isTemporalError(error, 'WorkflowExecutionAlreadyStartedError')) throw error;
    return temporal.workflow.getHandle(start.workflowId);
  }
}

/** Closes a month and waits for the report. */
export async function closeMonth(
  temporal: Client,
  input: MonthlyBillingInput,
): Promise<MonthlyBillingReport> {
  return await reportOf(await startClose(temporal, input));
}

/** Waits for the end of a close. */
export async function reportOf(close: WorkflowHandle): Promise<MonthlyBillingReport> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what monthlyBillingWorkflow returns
  return (await close.result()) as MonthlyBillingReport;
}
