import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import {
  TEST_PURCHASE_WORKFLOW,
  type TestPurchaseInput,
  type TestPurchaseResult,
  testPurchaseStart,
} from '../../domain/test-purchase.ts';
import { STORE_DEADLINE_MS, withTemporal } from './calls.ts';

type TestPurchaseWorkflow = (input: TestPurchaseInput) => Promise<TestPurchaseResult>;

/**
 * Starts a test purchase; one that was started before, under the same id, goes on or stays as it ended.
 *
 * @throws HttpError `temporal_unavailable`
 */
export async function startTestPurchase(client: Client, input: TestPurchaseInput): Promise<void> {
  await withTemporal(client, STORE_DEADLINE_MS, async () => {
    try {
      await client.workflow.start<TestPurchaseWorkflow>(TEST_PURCHASE_WORKFLOW, {
        ...testPurchaseStart(input),
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  });
}
