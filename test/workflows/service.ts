import { inject } from 'vitest';
import { type BillingParts, type BillingService, startBilling } from '../support/billing-worker.ts';
import { createTestDatabase } from '../support/database.ts';
import { workflowBundle } from '../support/workflow-bundle.ts';

/** The whole service for one test file: a database and a Temporal namespace of its own, on the servers of the run. */
export async function startTestBilling(
  options: Partial<
    Pick<BillingParts, 'temporalAddress' | 'places' | 'hostHooks' | 'now' | 'payloadKeys' | 'workflowBundle'>
  > = {},
): Promise<BillingService> {
  const database = await createTestDatabase();
  try {
    const service = await startBilling({
      db: database.db,
      temporalAddress: inject('temporalAddress'),
      workflowBundle: workflowBundle(),
      ...options,
    });
    const stop = async (): Promise<void> => {
      await service.stop();
      await database.drop();
    };
    return { ...service, stop };
  } catch (error) {
    await database.drop();
    throw error;
  }
}
