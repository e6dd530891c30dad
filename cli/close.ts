import type { Client, WorkflowHandle } from '@temporalio/client';
import type { MonthlyBillingInput, MonthlyBillingReport } from '../domain/monthly-close.ts';

/** Starts the close of a month, or joins the one that runs. */
export async function startClose(temporal: Client, input: MonthlyBillingInput): Promise<WorkflowHandle> {
  const close = await import('../api/temporal/close.ts');
  return temporal.workflow.getHandle(await close.startClose(temporal, input));
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
