import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, startChild } from '@temporalio/workflow';
import type { Mode } from '../domain/mode.ts';
import {
  RECONCILIATION_WORKFLOW,
  type ReconciliationReport,
  reconciliationStart,
} from '../domain/reconciliation.ts';
import type { reconciliationWorkflow } from './reconciliation.ts';

/**
 * What the Schedule starts every hour. The run itself has the mode's own id, where one that was asked for by hand would be, so that
 * there is one at a time.
 *
 * @returns the run's report, or `already_running` when somebody has started one by hand.
 */
export async function scheduledReconciliationWorkflow({
  mode,
}: {
  readonly mode: Mode;
}): Promise<ReconciliationReport | 'already_running'> {
  try {
    const run = await startChild<typeof reconciliationWorkflow>(RECONCILIATION_WORKFLOW, {
      ...reconciliationStart({ mode, objects: 'daily' }),
      parentClosePolicy: ParentClosePolicy.ABANDON,
    });
    return await run.result();
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'already_running';
    throw error;
  }
}
