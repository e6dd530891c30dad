import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import {
  MONTHLY_BILLING_WORKFLOW,
  type Month,
  type MonthlyBillingInput,
  monthlyBillingStart,
  monthlyBillingWorkflowId,
} from '../../domain/monthly-close.ts';
import { startOnce } from '../../temporal/start-once.ts';
import { isServiceFailure } from './calls.ts';

/** A list waits for it. */
const DESCRIBE_DEADLINE_MS = 2_000;

/**
 * Starts the close of a month, or joins the one that runs.
 *
 * @returns the id of its workflow.
 */
export async function startClose(client: Client, input: MonthlyBillingInput): Promise<string> {
  const start = monthlyBillingStart(input);
  await startOnce(client, MONTHLY_BILLING_WORKFLOW, start);
  return start.workflowId;
}

/** Whether a close of the month runs, has run and is remembered, or neither. */
export type CloseStanding = 'running' | 'ended' | 'none';

/** @returns `null` when Temporal does not say so in time. */
export async function closeStandingOf(
  client: Client,
  { mode, period }: Month,
): Promise<CloseStanding | null> {
  const handle = client.workflow.getHandle(monthlyBillingWorkflowId(mode, period));
  try {
    const { status } = await client.withDeadline(Date.now() + DESCRIBE_DEADLINE_MS, () => handle.describe());
    return status.name === 'RUNNING' ? 'running' : 'ended';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'none';
    if (isServiceFailure(error)) return null;
    throw error;
  }
}
