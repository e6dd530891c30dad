import { EventEmitter, once } from 'node:events';
import { Client, Connection } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import { beforeEach, expect, inject, onTestFinished, test } from 'vitest';
import type { ReconciliationReads, ReconciliationSteps } from '../../activities/activities.ts';
import type { ReconciledPage, ReconciliationPage } from '../../activities/reconciliation-page.ts';
import { startReconciliation } from '../../api/temporal/reconciliation.ts';
import { reconcileNow } from '../../cli/reconcile.ts';
import {
  FIRST_PAGE,
  RECONCILIATION_PROGRESS_QUERY,
  reconciliationWorkflowId,
} from '../../domain/reconciliation.ts';
import { PASSES } from '../../domain/reconciliation-findings.ts';
import { BILLING_BATCH_TASK_QUEUE, billingChargesTaskQueue } from '../../domain/task-queues.ts';
import type { reconciliationWorkflow } from '../../workflows/reconciliation.ts';
import { createNamespace } from '../support/billing-worker.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { workflowBundle } from '../support/workflow-bundle.ts';

// The simulator refuses no list for good, as Stripe does where a restricted key lacks a right: activities are stand-ins.

type Noted = Parameters<ReconciliationSteps['noteUnreadable']>[0];
type Ended = Parameters<ReconciliationSteps['endReconciliation']>[0];

const STRIPE_NOW = 1_793_750_400;
let noted: Noted[] = [];
let ended: Ended[] = [];
beforeEach(() => {
  noted = [];
  ended = [];
});

const steps: ReconciliationSteps = {
  beginReconciliation: async () =>
    await Promise.resolve({
      eventsThrough: STRIPE_NOW - 3_600,
      objectsComparedAt: STRIPE_NOW - 3_600,
      lastFullRunAtMs: null,
      meters: FIRST_PAGE,
      metersSinceMs: null,
      openObjectsSince: null,
    }),
  countMissedEvents: async () => await Promise.resolve(0),
  noteUnreadable: async (input) => {
    noted.push(input);
    await Promise.resolve();
  },
  endReconciliation: async (input) => {
    ended.push(input);
    return await Promise.resolve({ repaired: 0, open: 1, openFindings: [] });
  },
};

const empty = async () => await Promise.resolve({ read: 0, next: null });
const refuse = (statusCode: number, code: string | null, message: string) =>
  ApplicationFailure.create({
    message: `Stripe: ${message}`,
    type: 'StripeRefused',
    nonRetryable: true,
    details: [{ statusCode, code, stripeRequestId: 'req_1' }],
  });
const refused = async () => {
  await Promise.resolve();
  throw refuse(403, null, 'The provided key does not have the required permissions');
};
const reads: ReconciliationReads = {
  readStripeClock: async () => await Promise.resolve(STRIPE_NOW),
  reconcileEvents: empty,
  compareWebhookEndpoints: empty,
  compareSubscriptions: empty,
  compareCheckoutSessions: empty,
  compareInvoices: empty,
  compareBills: empty,
  compareCustomers: empty,
  compareDisputes: empty,
  compareRefunds: empty,
  compareMeters: empty,
};

/** Workers of both task queues, with the stand-ins, in a namespace of their own. */
async function startStandIns(changes: Partial<ReconciliationReads>): Promise<Client> {
  quietRuntime();
  const address = inject('temporalAddress');
  const connection = await Connection.connect({ address });
  onTestFinished(() => connection.close());
  const namespace = await createNamespace(connection);
  const ofWorkers = await NativeConnection.connect({ address });
  onTestFinished(() => ofWorkers.close());
  const common = { connection: ofWorkers, namespace };
  const workers = await Promise.all([
    Worker.create({
      ...common,
      taskQueue: BILLING_BATCH_TASK_QUEUE,
      workflowBundle: workflowBundle(),
      activities: steps,
    }),
    Worker.create({
      ...common,
      taskQueue: billingChargesTaskQueue('test'),
      activities: { ...reads, ...changes },
    }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  onTestFinished(async () => {
    for (const worker of workers) worker.shutdown();
    await running;
  });
  return new Client({ connection, namespace });
}

test('a list that Stripe does not let us read is said, the others are read, and nothing counts as read that was not', async () => {
  const temporal = await startStandIns({ reconcileEvents: refused, compareDisputes: refused });
  expect(await reconcileNow(temporal, 'test')).toMatchObject({
    comparesObjects: true,
    eventsFrom: null,
    open: 1,
  });
  const problem = 'Stripe: The provided key does not have the required permissions (request req_1)';
  expect(noted).toMatchObject([
    { pass: 'events', problem, statusCode: 403 },
    { pass: 'disputes', problem, statusCode: 403 },
  ]);
  expect(ended).toMatchObject([
    {
      done: PASSES.filter((pass) => pass !== 'events' && pass !== 'disputes'),
      metersRound: true,
      memory: {
        // Read from there on again, when they can be read.
        eventsThrough: STRIPE_NOW - 3_600,
        // Disputes are all read each time.
        objectsComparedAt: STRIPE_NOW,
        // And not every hour.
        lastFullRunAtMs: ended[0]?.startedAtMs,
        meters: FIRST_PAGE,
        metersSinceMs: ended[0]?.startedAtMs,
      },
    },
  ]);
});

/** Two pages of a list, whose first ends with an object that is deleted before the second is read: so many times. */
function deleting(times: number, cursors: (string | null)[]) {
  return async ({ cursor }: ReconciliationPage): Promise<ReconciledPage> => {
    await Promise.resolve();
    cursors.push(cursor.after);
    if (cursor.after === null) return { read: 100, next: { part: 0, after: 'cus_deleted' } };
    if (cursors.length <= 2 * times) throw refuse(404, 'resource_missing', 'No such customer: cus_deleted');
    return { read: 1, next: null };
  };
}

test('where the object is gone after which a list was to go on, it is read from its beginning, once', async () => {
  const customers: (string | null)[] = [];
  const refunds: (string | null)[] = [];
  const temporal = await startStandIns({
    compareCustomers: deleting(1, customers),
    compareRefunds: deleting(2, refunds),
  });
  await reconcileNow(temporal, 'test');
  expect(customers).toEqual([null, 'cus_deleted', null, 'cus_deleted']);
  expect(refunds).toEqual([null, 'cus_deleted', null, 'cus_deleted']);
  expect(noted.map(({ pass }) => pass)).toEqual(['refunds']);
});

test('a run says what it is at also while Stripe does not say what time it is', async () => {
  const stripe = new EventEmitter();
  const answer = once(stripe, 'answer').then(() => STRIPE_NOW);
  const temporal = await startStandIns({ readStripeClock: () => answer });
  await startReconciliation(temporal, { mode: 'test', objects: 'now' });
  const run = temporal.workflow.getHandle<typeof reconciliationWorkflow>(reconciliationWorkflowId('test'));
  expect(await run.query(RECONCILIATION_PROGRESS_QUERY)).toMatchObject({ pass: 'start', endedAtMs: null });
  stripe.emit('answer');
  expect(await run.result()).toMatchObject({ pass: null });
});
