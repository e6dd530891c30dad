import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { type BillingService, startBilling } from '../support/billing-worker.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { workflowBundle } from '../support/workflow-bundle.ts';
import { subscribedCustomer } from '../workflows/customers.ts';
import { useGpu, userWithoutCustomer } from '../workflows/usage.ts';
import { runBilling } from './command.ts';

let database: TestDatabase;
let billing: BillingService;

beforeAll(async () => {
  database = await createTestDatabase();
  billing = await startBilling({
    db: database.db,
    temporalAddress: inject('temporalAddress'),
    workflowBundle: workflowBundle(),
  });
  await billing.startWorker();
});
afterAll(async () => {
  await billing.stop();
  await database.drop();
});

it('shows how far a close is, bill by bill, and then its report', async () => {
  const period = parseBillingPeriod('2026-03');
  for (let count = 0; count < 3; count += 1)
    await useGpu(billing, await subscribedCustomer(billing), period, '2');
  await useGpu(billing, await userWithoutCustomer(billing), period, '3');

  const { status, output } = await runBilling(database.url, ['close', period, '--mode', 'test', '--watch'], {
    TEMPORAL_NAMESPACE: billing.temporal.options.namespace,
  });
  expect(status, output).toBe(0);
  expect(output).toMatch(/ended .* 4\/4 bills · [\d.]+\/s/);
  expect(output).toMatch(/Bills invoiced +3, \$12\.00/);
  expect(output).toMatch(/Bills parked +1/);
});
