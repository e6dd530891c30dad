import type { Client } from '@temporalio/client';
import {
  RECONCILIATION_WORKFLOW,
  type ReconciliationInput,
  reconciliationStart,
} from '../../domain/reconciliation.ts';
import { startOnce } from '../../temporal/start-once.ts';

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
  return {
    workflowId: start.workflowId,
    isNew: await startOnce(client, RECONCILIATION_WORKFLOW, start),
  };
}
