import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Customer, settled, subscribedCustomer, workflowOf } from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { useGpu } from '../../chaos/world/usage.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import {
  APPROVE_UPDATE,
  BILLING_PROGRESS_QUERY,
  MONTHLY_BILLING_WORKFLOW,
  type MonthlyBillingReport,
  monthlyBillingStart,
} from '../../domain/monthly-close.ts';
import { listWorkerVersions, makeCurrent, makeFirstCurrent, ramp } from '../../worker/worker-versions.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { startTestBilling } from './service.ts';

let billing: BillingService;
beforeAll(async () => {
  billing = await startTestBilling();
});
afterAll(() => billing.stop());

const statuses = async () =>
  Object.fromEntries(
    (await listWorkerVersions(billing.temporal)).map(({ buildId, status }) => [buildId, status]),
  );

test('a deployment with live workflows: customers go on with the new version, a close ends with the one it began with', async () => {
  expect(await statuses()).toEqual({});
  await billing.startWorker({ approval: 'required' }, { buildId: 'v1' });
  expect(await makeFirstCurrent(billing.temporal, 'v1')).toBe(true);
  expect(await statuses()).toEqual({ v1: 'current' });
  const customer = await subscribedCustomer(billing);
  expect(await versionsIn(workflowOf(billing, customer))).toEqual(['v1']);

  const period = parseBillingPeriod('2026-01');
  await useGpu(billing, customer, period, '3');
  const close = await billing.temporal.workflow.start(MONTHLY_BILLING_WORKFLOW, {
    ...monthlyBillingStart({ mode: 'test', period }),
  });
  await phaseIs(close, 'awaiting_approval');

  // The second version waits to be asked for.
  await billing.startWorker({ approval: 'required' }, { buildId: 'v2' });
  expect(await makeFirstCurrent(billing.temporal, 'v2')).toBe(false);
  await eventually('v2 to be known', statuses, ({ v2 }) => v2 === 'unused');
  await hasNews(customer);
  expect(await versionsIn(workflowOf(billing, customer))).toEqual(['v1']);

  await makeCurrent(billing.temporal, 'v2');
  await eventually('v1 to drain', statuses, ({ v1, v2 }) => v1 === 'draining' && v2 === 'current');
  await hasNews(customer);
  expect(await versionsIn(workflowOf(billing, customer))).toEqual(['v1', 'v2']);
  const newcomer = await subscribedCustomer(billing);
  expect(await versionsIn(workflowOf(billing, newcomer))).toEqual(['v2']);

  await close.executeUpdate(APPROVE_UPDATE, { args: [{ approvedBy: 'ops' }] });
  expect(await close.result()).toMatchObject({ phase: 'done', invoicedBills: 1, invoicedCents: 600 });
  expect(await versionsIn(close)).toEqual(['v1']);
  for await (const { workflowId } of billing.temporal.workflow.list({
    query: 'WorkflowType = "chargePartitionWorkflow"',
  }))
    expect(await versionsIn(billing.temporal.workflow.getHandle(workflowId))).toEqual(['v1']);
});

test('a version may get a share of the work first; one that nobody runs gets none', async () => {
  await billing.startWorker({}, { buildId: 'v3' });
  await ramp(billing.temporal, 'v3', 10);
  expect(await listWorkerVersions(billing.temporal)).toContainEqual(
    expect.objectContaining({ buildId: 'v3', status: 'ramping', percent: 10 }),
  );
  await expect(makeCurrent(billing.temporal, 'v4', 0)).rejects.toThrow(/NOT_FOUND/);
  expect(await statuses()).toMatchObject({ v2: 'current', v3: 'ramping' });
});

/** The versions whose workers have worked on it, in the order in which they came. */
async function versionsIn(handle: Pick<WorkflowHandle, 'fetchHistory'>): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  const all = (events ?? []).flatMap(
    (event) => event.workflowTaskCompletedEventAttributes?.deploymentVersion?.buildId ?? [],
  );
  return [...new Set(all)];
}

/** Something happens that the customer's workflow looks at. */
async function hasNews(customer: Customer): Promise<void> {
  const before = (await workflowOf(billing, customer).describe()).historyLength;
  await billing.stripe.test.customers.update(customer.stripeCustomerId, { metadata: { news: randomUUID() } });
  await billing.stripe.test.paymentMethods.attach('pm_card_visa', { customer: customer.stripeCustomerId });
  await eventually(
    'the customer to be looked at',
    () => workflowOf(billing, customer).describe(),
    ({ historyLength }) => historyLength > before,
  );
  await settled(billing, customer);
}

async function phaseIs(
  close: Pick<WorkflowHandle, 'query'>,
  phase: MonthlyBillingReport['phase'],
): Promise<void> {
  await eventually(
    `the close to be ${phase}`,
    () => close.query<MonthlyBillingReport>(BILLING_PROGRESS_QUERY),
    (report) => report.phase === phase,
  );
}
