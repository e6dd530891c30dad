import { afterAll, beforeAll, expect, test } from 'vitest';
import { startReconciliation } from '../../api/temporal/reconciliation.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { reconcileNow } from '../../cli/reconcile.ts';
import { type ReconciliationReport, reconciliationWorkflowId } from '../../domain/reconciliation.ts';
import { RECONCILIATION_SCHEDULE } from '../../domain/schedules.ts';
import { ensureSchedule } from '../../worker/namespace.ts';
import type { BillingWorker } from '../../worker/worker.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { startTestBilling } from './service.ts';

let billing: BillingService;
let worker: BillingWorker;
beforeAll(async () => {
  billing = await startTestBilling();
  worker = await billing.startWorker();
});
afterAll(() => billing.stop());

const scheduleOf = (mode: 'live' | 'test') =>
  billing.temporal.schedule.getHandle(RECONCILIATION_SCHEDULE.scheduleId(mode));

test("the Schedule runs under the mode's own id, and compares objects in the first run of a day only", async () => {
  await ensureSchedule(billing.temporal, RECONCILIATION_SCHEDULE, 'test');
  const reports: ReconciliationReport[] = [];
  for (const count of [1, 2]) {
    await scheduleOf('test').trigger('SKIP');
    const { info } = await eventually(
      'the Schedule to act',
      () => scheduleOf('test').describe(),
      ({ info }) => info.recentActions.length === count,
    );
    const scheduled = info.recentActions.at(-1)?.action.workflow.workflowId ?? '';
    reports.push((await billing.temporal.workflow.getHandle(scheduled).result()) as ReconciliationReport);
  }
  expect(reports).toMatchObject([
    { mode: 'test', comparesObjects: true, open: 0 },
    { mode: 'test', comparesObjects: false, open: 0 },
  ]);
  const ofMode = billing.temporal.workflow.getHandle(reconciliationWorkflowId('test'));
  expect(await ofMode.result()).toEqual(reports[1]);
});

test("making sure of the Schedule once more keeps an operator's pause, and mends what was changed", async () => {
  await ensureSchedule(billing.temporal, RECONCILIATION_SCHEDULE, 'live');
  const made = await scheduleOf('live').describe();
  expect(made.policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 60 * 60_000 });
  await scheduleOf('live').pause('an operator looks into something');
  await scheduleOf('live').update((previous) => ({ ...previous, spec: { cronExpressions: ['0 5 * * *'] } }));

  await ensureSchedule(billing.temporal, RECONCILIATION_SCHEDULE, 'live');
  const { state, info } = await scheduleOf('live').describe();
  expect(state).toMatchObject({ paused: true, note: 'an operator looks into something' });
  for (const at of info.nextActionTimes) expect(at.toISOString()).toMatch(/:30:00\.000Z$/);
});

test('who asks while a run is under way that reads events only waits for it, and has all compared then', async () => {
  await worker.stop();
  const { workflowId } = await startReconciliation(billing.temporal, { mode: 'test', objects: 'daily' });
  const { runId } = await billing.temporal.workflow.getHandle(workflowId).describe();
  const asked = reconcileNow(billing.temporal, 'test');
  worker = await billing.startWorker();
  expect(await asked).toMatchObject({ comparesObjects: true });
  const earlier = billing.temporal.workflow.getHandle(workflowId, runId);
  expect(await earlier.result()).toMatchObject({ comparesObjects: false });
});
