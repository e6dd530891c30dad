import { expect, onTestFinished, test } from 'vitest';
import { usersWithCustomer } from '../../chaos/world/usage.ts';
import { reconcileNow } from '../../cli/reconcile.ts';
import { reconciliationWorkflowId } from '../../domain/reconciliation.ts';
import { PASSES } from '../../domain/reconciliation-findings.ts';
import { activitiesOf } from './histories.ts';
import { startTestBilling } from './service.ts';
import { startServerOfShortHistories } from './short-histories.ts';

/** Events in a history after which the server asks for continue-as-new: some ten pages. */
const SUGGEST_AFTER = 60;
const METERS = 4;
const CUSTOMERS_PER_PAGE = 3;
const CUSTOMERS = 3 * CUSTOMERS_PER_PAGE + 1;

test('a run with many pages goes on in new ones, and reads each page once', async () => {
  const temporalAddress = await startServerOfShortHistories(SUGGEST_AFTER);
  const billing = await startTestBilling({ temporalAddress });
  onTestFinished(() => billing.stop());
  await billing.startWorker();
  const customers = await usersWithCustomer(billing, CUSTOMERS);
  const last = customers.toSorted((a, b) => (a.userId < b.userId ? -1 : 1)).at(-1);
  const payload = { stripe_customer_id: last?.stripeCustomerId ?? '', value: '3' };
  await billing.stripe.test.billing.meterEvents.create({ event_name: 'durable_billing_api_calls', payload });

  const report = await reconcileNow(billing.temporal, 'test');
  expect(report).toMatchObject({ comparesObjects: true, open: 1 });
  expect(report.openFindings).toMatchObject([{ code: 'meter_event_posted', userId: last?.userId }]);

  const workflowId = reconciliationWorkflowId('test');
  const activities: string[] = [];
  let runs = 0;
  for await (const { runId } of billing.temporal.workflow.list({ query: `WorkflowId = "${workflowId}"` })) {
    runs += 1;
    activities.push(...(await activitiesOf(billing.temporal.workflow.getHandle(workflowId, runId))));
  }
  expect(runs).toBeGreaterThan(2);
  const count = (name: string) => activities.filter((each) => each === name).length;
  expect(count('beginReconciliation')).toBe(1);
  expect(count('compareMeters')).toBe(METERS * Math.ceil(CUSTOMERS / CUSTOMERS_PER_PAGE));
  // Two requests for the types of events; of each other list a page.
  expect(count('reconcileEvents')).toBe(2);
  const others = PASSES.length - 2;
  expect(activities.filter((name) => name.startsWith('compare') && name !== 'compareMeters')).toHaveLength(
    others,
  );
});
