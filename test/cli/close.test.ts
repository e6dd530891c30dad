import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { subscribedCustomer } from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { useGpu, usersWithCustomer, userWithoutCustomer } from '../../chaos/world/usage.ts';
import { listBills } from '../../db/bills.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import {
  BILLING_PROGRESS_QUERY,
  type MonthlyBillingReport,
  monthlyBillingWorkflowId,
} from '../../domain/monthly-close.ts';
import type { BillingWorker } from '../../worker/worker.ts';
import { type BillingService, startBilling } from '../support/billing-worker.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { workflowBundle } from '../support/workflow-bundle.ts';
import { runBilling } from './command.ts';

let database: TestDatabase;
let billing: BillingService;
let worker: BillingWorker;

beforeAll(async () => {
  database = await createTestDatabase();
  billing = await startBilling({
    db: database.db,
    temporalAddress: inject('temporalAddress'),
    workflowBundle: workflowBundle(),
  });
  worker = await billing.startWorker();
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
  expect(output).toContain('completed with 1 bill parked');
  expect(output).toMatch(/Used +\$18\.00\n +billed +\$12\.00\n/);
  expect(output).toMatch(/unbillable +\$6\.00/);
  expect(output).toMatch(/stranger-.* \$6\.00 +The user .* has no Stripe customer/);
  expect(output).toContain('npm run billing -- retry-parked 2026-03 --mode test');
});

it('holds, approves, releases, skips and retries from the command line', async () => {
  const period = parseBillingPeriod('2026-04');
  const [held, other] = await usersWithCustomer(billing, 2);
  for (const each of [held, other]) if (each !== undefined) await useGpu(billing, each, period, '2');
  const stranger = await userWithoutCustomer(billing);
  await useGpu(billing, stranger, period, '3');
  const run = async (...arguments_: string[]) => {
    const { status, output } = await runBilling(database.url, [...arguments_, '--mode', 'test'], {
      TEMPORAL_NAMESPACE: billing.temporal.options.namespace,
    });
    return { status, output };
  };
  await worker.stop();
  worker = await billing.startWorker({ approval: 'required' });
  expect(await run('approve', period)).toMatchObject({
    status: 1,
    output: expect.stringContaining(
      'There is nothing to approve: no close of 2026-04 (test) runs.',
    ) as string,
  });
  await run('close', period);
  const handle = billing.temporal.workflow.getHandle(monthlyBillingWorkflowId('test', period));
  const phaseIs = async (phase: string) =>
    await eventually(
      phase,
      async () => await handle.query<MonthlyBillingReport>(BILLING_PROGRESS_QUERY),
      (report) => report.phase === phase,
    );
  await phaseIs('awaiting_approval');
  expect(await run('hold', period, held?.userId ?? '', '--reason', 'looks odd')).toMatchObject({ status: 0 });
  expect(await run('hold', period, 'nobody', '--reason', 'looks odd')).toMatchObject({
    status: 1,
    output: expect.stringContaining('Nothing is changed: nobody is no bill of this month.') as string,
  });
  expect(await run('approve', period, '--as', 'Grace')).toMatchObject({ status: 0 });
  await phaseIs('awaiting_release');
  expect(await run('skip', period, '--all')).toMatchObject({ status: 0 });
  expect(await handle.result()).toMatchObject({ invoicedBills: 1, heldBills: 1, parkedBills: 1 });

  expect((await run('release', period)).output).toContain('Name bills of 2026-04 (test)');
  expect(await run('release', period, '--all')).toMatchObject({ status: 0 });
  const [retried, released] = [await run('retry-parked', period, '--wait'), await run('balance', period)];
  expect(retried.output).toContain('completed with 1 bill parked');
  expect(released.output).toMatch(/Total +\$14\.00/);
  expect((await listBills(billing.db, 'test', held?.userId ?? ''))[0]?.stripeInvoiceId).toMatch(/^in_/);
});
