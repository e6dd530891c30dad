import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { type ReconciliationInput, reconciliationStart } from '../../domain/reconciliation.ts';
import { RECONCILIATION_WORKFLOW } from '../../domain/workflow-contracts.ts';

/**
 * Starts a reconciliation, or joins the one that runs in its mode.
 *
 * @returns the id of its workflow, and whether it was started now.
 */
export async function startReconciliation(
  client: Client,
  input: ReconciliationInput,
): Promise<{ readonly workflowId: string; readonly isNew: boolean }> {
  const start = reconciliationStart(input);
  const { workflowId } = start;
  try {
    await client.workflow.start(RECONCILIATION_WORKFLOW, start);
    return { workflowId, isNew: true };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return { workflowId, isNew: false };
  }
}
