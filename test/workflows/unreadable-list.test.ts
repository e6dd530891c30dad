import { Client, Connection } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import { expect, inject, onTestFinished, test } from 'vitest';
import type { ReconciliationReads, ReconciliationSteps } from '../../activities/activities.ts';
import { reconcileNow } from '../../cli/reconcile.ts';
import { FIRST_PAGE } from '../../domain/reconciliation.ts';
import { PASSES } from '../../domain/reconciliation-findings.ts';
import { BILLING_BATCH_TASK_QUEUE, billingChargesTaskQueue } from '../../domain/workflow-contracts.ts';
import { createNamespace, quietRuntime } from '../support/billing-worker.ts';
import { workflowBundle } from '../support/workflow-bundle.ts';

// The simulator refuses no list for good, as Stripe does where a restricted key lacks a right: activities are stand-ins.

type Noted = Parameters<ReconciliationSteps['noteUnreadable']>[0];
type Ended = Parameters<ReconciliationSteps['endReconciliation']>[0];

const STRIPE_NOW = 1_793_750_400;
const noted: Noted[] = [];
const ended: Ended[] = [];

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
const refused = async () => {
  const message = 'Stripe: The provided key does not have the required permissions';
  const details = [{ stripeRequestId: 'req_1' }];
  await Promise.resolve();
  throw ApplicationFailure.create({ message, type: 'StripeRefused', nonRetryable: true, details });
};
const reads: ReconciliationReads = {
  readStripeClock: async () => await Promise.resolve(STRIPE_NOW),
  reconcileEvents: refused,
  compareWebhookEndpoints: empty,
  compareSubscriptions: empty,
  compareCheckoutSessions: empty,
  compareInvoices: empty,
  compareBills: empty,
  compareCustomers: empty,
  compareDisputes: refused,
  compareRefunds: empty,
  compareMeters: empty,
};

/** Workers of both task queues, with the stand-ins, in a namespace of their own. */
async function startStandIns(): Promise<Client> {
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
    Worker.create({ ...common, taskQueue: billingChargesTaskQueue('test'), activities: reads }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  onTestFinished(async () => {
    for (const worker of workers) worker.shutdown();
    await running;
  });
  return new Client({ connection, namespace });
}

test('a list that Stripe does not let us read is said, the others are read, and nothing counts as read that was not', async () => {
  expect(await reconcileNow(await startStandIns(), 'test')).toMatchObject({
    comparesObjects: true,
    eventsFrom: null,
    open: 1,
  });
  expect(noted.map(({ pass, problem }) => [pass, problem])).toEqual([
    ['events', 'Stripe: The provided key does not have the required permissions (request req_1)'],
    ['disputes', 'Stripe: The provided key does not have the required permissions (request req_1)'],
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
