import type { Client } from '@temporalio/client';
import {
  TEST_PURCHASE_WORKFLOW,
  type TestPurchaseInput,
  type TestPurchaseResult,
  testPurchaseStart,
} from '../../domain/test-purchase.ts';
import { startOnce } from '../../temporal/start-once.ts';
import { stored } from './calls.ts';

type TestPurchaseWorkflow = (input: TestPurchaseInput) => Promise<TestPurchaseResult>;

/**
 * Starts a test purchase; one that was started before, under the same id, goes on or stays as it ended.
 *
 * @throws HttpError `temporal_unavailable`
 */
export async function startTestPurchase(client: Client, input: TestPurchaseInput): Promise<void> {
  const start = testPurchaseStart(input);
  await stored(client, () => startOnce<TestPurchaseWorkflow>(client, TEST_PURCHASE_WORKFLOW, start));
}
