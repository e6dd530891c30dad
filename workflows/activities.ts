import { proxyActivities } from '@temporalio/workflow';
import type {
  BatchActivities,
  BillingActivities,
  ChargeActivities,
  HookActivities,
  ReconciliationReads,
  ReconciliationSteps,
} from '../activities/activities.ts';
import type { Mode } from '../domain/mode.ts';
import {
  BILLING_BATCH_TASK_QUEUE,
  BILLING_HOOKS_TASK_QUEUE,
  BILLING_TASK_QUEUE,
  billingChargesTaskQueue,
} from '../domain/task-queues.ts';

/** Retried for as long as it takes: Stripe or the database may be down for a day, and nothing may be lost over it. */
const UNTIL_IT_WORKS = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' } as const;

/** How soon an activity whose worker is gone is tried elsewhere; the worker beats for it (worker/heartbeat-interceptor.ts). */
const HEARTBEAT_TIMEOUT = '10s';

/**
 * Steps that a person or a webhook waits for. One that Stripe refuses for good fails at once, with a failure of type
 * `StripeRefused`.
 */
export const billingActivities = proxyActivities<BillingActivities>({
  taskQueue: BILLING_TASK_QUEUE,
  startToCloseTimeout: '2m',
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  retry: UNTIL_IT_WORKS,
});

/** A close's own steps, but for its bills' way to Stripe. One that freezes a whole partition takes longer. */
export const batchActivities = proxyActivities<BatchActivities>({
  taskQueue: BILLING_BATCH_TASK_QUEUE,
  startToCloseTimeout: '30m',
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  retry: UNTIL_IT_WORKS,
});

/**
 * Waits for its turn for as long as that takes: the queue hands out what Stripe allows. Tried a few times only: whether it
 * is the bill or Stripe that is in trouble, the circuit finds out (workflows/stripe-circuit.ts).
 */
export const chargeActivities = { live: chargesOf('live'), test: chargesOf('test') } as const;

function chargesOf(mode: Mode) {
  return proxyActivities<ChargeActivities>({
    taskQueue: billingChargesTaskQueue(mode),
    startToCloseTimeout: '2m',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumAttempts: 4 },
  });
}

/** Reconciliation's steps in the database: what a run begins with, and what it leaves behind. */
export const reconciliationSteps = proxyActivities<ReconciliationSteps>({
  taskQueue: BILLING_BATCH_TASK_QUEUE,
  startToCloseTimeout: '5m',
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  retry: UNTIL_IT_WORKS,
});

/** Pages of Stripe's lists wait for their turn among the bills, so that both together keep to the rate. */
export const reconciliationReads = { live: readsOf('live'), test: readsOf('test') } as const;

function readsOf(mode: Mode) {
  return proxyActivities<ReconciliationReads>({
    taskQueue: billingChargesTaskQueue(mode),
    startToCloseTimeout: '2m',
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: UNTIL_IT_WORKS,
  });
}

/** A host that is down is tried for three days, as Stripe tries ours; what changes then is told it all the same. */
export const hookActivities = proxyActivities<HookActivities>({
  taskQueue: BILLING_HOOKS_TASK_QUEUE,
  startToCloseTimeout: '1m',
  scheduleToCloseTimeout: '3 days',
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10m' },
});
