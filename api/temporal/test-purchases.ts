import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import {
  TEST_PURCHASE_WORKFLOW,
  type TestPurchaseInput,
  type TestPurchaseResult,
  testPurchaseStart,
  testPurchaseWorkflowId,
} from '../../domain/test-purchase.ts';
import { STRIPE_EVENT_SIGNAL, type StripeEventEnvelope } from '../../domain/workflow-contracts.ts';
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

/**
 * Tells a test purchase of an event of its payment's. When this returns `true`, Temporal has stored it.
 *
 * @returns `false` when there is none that runs: it has ended, or is of another deployment with the same Stripe account.
 * @throws HttpError `temporal_unavailable`
 */
export async function signalTestPurchase(
  client: Client,
  purchaseId: string,
  envelope: StripeEventEnvelope,
): Promise<boolean> {
  return await withTemporal(client, STORE_DEADLINE_MS, async () => {
    try {
      await client.workflow
        .getHandle(testPurchaseWorkflowId(purchaseId))
        .signal<[StripeEventEnvelope]>(STRIPE_EVENT_SIGNAL, envelope);
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  });
}
