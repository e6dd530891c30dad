import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { startClose } from '../../api/temporal/close.ts';
import { subscribedCustomer, workflowOf } from '../../chaos/world/customers.ts';
import { useGpu } from '../../chaos/world/usage.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { CUSTOMER_BILLING_WORKFLOW } from '../../domain/customer-workflow.ts';
import { MONTHLY_BILLING_WORKFLOW } from '../../domain/monthly-close.ts';
import { type ReplayedType, replayRunning } from '../../worker/replay.ts';
import { bundleWorkflows } from '../../worker/workflow-bundle.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { startTestBilling } from '../workflows/service.ts';
import { runCommand } from './command.ts';

let billing: BillingService;
beforeAll(async () => {
  billing = await startTestBilling();
});
afterAll(() => billing.stop());

const runReplay = async (...args: string[]) => {
  const command = runCommand('replay', args, {
    DATA_DIR: '/nonexistent',
    TEMPORAL_ADDRESS: inject('temporalAddress'),
  });
  return { status: await command.ended, output: command.output() };
};

test('the workflows that run are replayed with the code of today, and no other workflow is touched', async () => {
  const worker = await billing.startWorker();
  const customers = [await subscribedCustomer(billing), await subscribedCustomer(billing)];
  await worker.stop();
  const { namespace } = billing.temporal.options;
  const before = await workflowOf(billing, customers[0] ?? never()).describe();

  const { status, output } = await runReplay('--from', namespace);
  expect(status, output).toBe(0);
  expect(output).toMatch(new RegExp(`${CUSTOMER_BILLING_WORKFLOW} +2 +2 +0`));
  expect(output).toMatch(new RegExp(`${MONTHLY_BILLING_WORKFLOW} +0 +0 +0`));
  expect(output).toContain('All of them go on with this code.');
  expect((await workflowOf(billing, customers[0] ?? never()).describe()).historyLength).toBe(
    before.historyLength,
  );

  const limited = await runReplay('--from', namespace, '--limit', '1');
  expect(limited.output).toMatch(new RegExp(`${CUSTOMER_BILLING_WORKFLOW} +2 +1 +0`));
});

test('code that would do something else is found out, with the workflow that it would break', async () => {
  const { code } = await bundleWorkflows();
  const tampered = code.replaceAll('lookAtCustomer', 'lookElsewhere');
  expect(tampered).not.toBe(code);
  const types = await collect(
    replayRunning(billing.temporal, { workflowBundle: { code: tampered }, dataConverter: {}, limit: 100 }),
  );
  const customers = types.find(({ workflowType }) => workflowType === CUSTOMER_BILLING_WORKFLOW);
  expect(customers).toMatchObject({ running: 2, replayed: 2 });
  expect(customers?.broken.map(({ workflowId }) => workflowId.split(':')[0])).toEqual([
    'customer-billing',
    'customer-billing',
  ]);
  expect(customers?.broken[0]?.problem).toMatch(/lookAtCustomer|nondeterminism/i);
});

test('a close that is pinned to its version is none of the next version’s concern', async () => {
  const worker = await billing.startWorker({ approval: 'required' }, { buildId: 'v1' });
  const { makeFirstCurrent } = await import('../../worker/worker-versions.ts');
  await makeFirstCurrent(billing.temporal, 'v1');
  const period = parseBillingPeriod('2026-01');
  await useGpu(billing, await subscribedCustomer(billing), period, '1');
  const close = billing.temporal.workflow.getHandle(
    await startClose(billing.temporal, { mode: 'test', period }),
  );
  await expect
    .poll(async () => (await close.describe()).historyLength, { timeout: 60_000 })
    .toBeGreaterThan(20);
  await worker.stop();
  const { code } = await bundleWorkflows();
  const tampered = code.replaceAll('billingRules', 'otherRules').replaceAll('freezeBills', 'meltBills');
  const types = await collect(
    replayRunning(billing.temporal, { workflowBundle: { code: tampered }, dataConverter: {}, limit: 100 }),
  );
  expect(types.find(({ workflowType }) => workflowType === MONTHLY_BILLING_WORKFLOW)).toMatchObject({
    running: 0,
    replayed: 0,
    broken: [],
  });
});

test('where Temporal is not configured, or does not answer, it says so and ends with 2', async () => {
  const command = runCommand('replay', [], { DATA_DIR: '/nonexistent' });
  expect(await command.ended).toBe(2);
  expect(command.output()).toContain('TEMPORAL_ADDRESS: is missing');
  const lost = await runReplay('--from', 'no-such-namespace');
  expect(lost.status, lost.output).toBe(2);
});

async function collect(types: AsyncIterable<ReplayedType>): Promise<ReplayedType[]> {
  const all: ReplayedType[] = [];
  for await (const type of types) all.push(type);
  return all;
}

function never(): never {
  throw new Error('there is no customer');
}
