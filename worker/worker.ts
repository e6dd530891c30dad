import { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import {
  createBatchActivities,
  createBillingActivities,
  createChargeActivities,
  createHookActivities,
  createReconciliationReads,
  createReconciliationSteps,
} from '../activities/activities.ts';
import type { ActivityDependencies } from '../activities/dependencies.ts';
import { MODES, type Mode } from '../domain/mode.ts';
import { billsPerSecond } from '../domain/stripe-rate.ts';
import {
  BILLING_BATCH_TASK_QUEUE,
  BILLING_HOOKS_TASK_QUEUE,
  BILLING_TASK_QUEUE,
  billingChargesTaskQueue,
} from '../domain/task-queues.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import { ActivityLogInterceptor } from './activity-log-interceptor.ts';
import { HeartbeatInterceptor } from './heartbeat-interceptor.ts';
import { StripeErrorInterceptor } from './stripe-error-interceptor.ts';
import { TraceLinksInterceptor } from './trace-links-interceptor.ts';
import { deploymentOptions } from './worker-versions.ts';
import { bundleWorkflows } from './workflow-bundle.ts';

/** What the workers of a process run with. */
export interface BillingWorkerOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  /** The client to Temporal comes with the connection. */
  readonly dependencies: Omit<ActivityDependencies, 'temporal'>;
  /** Stripe requests per second that the close may make, over all workers of the namespace. */
  readonly batchRequestsPerSecond: Readonly<Record<Mode, number>>;
  /** Absent: nothing is traced. */
  readonly tracing?: Pick<Tracing, 'clientInterceptors' | 'activityInterceptors'>;
  /** How payloads go to Temporal and come from there: the same for every client and worker of the namespace. */
  readonly dataConverter: DataConverter;
  /** Which version of the workers this is; `null`: they have none. */
  readonly buildId: string | null;
  /** Made by {@link bundleWorkflows}, when there is one already. */
  readonly workflowBundle?: WorkerOptions['workflowBundle'];
}

/** The workers of a process: one for people and webhooks, three for the monthly close, one for messages to the host product. */
export interface BillingWorker extends AsyncDisposable {
  /** Whether all of them take work. */
  readonly isRunning: () => boolean;
  /** Resolves when all have stopped; rejects when one fails for good. */
  readonly stopped: Promise<void>;
  /** Finishes the work at hand, then stops. */
  stop(): Promise<void>;
}

/** Running activities may take this long to finish when the worker stops; then they are left to another worker's retry. */
const SHUTDOWN_GRACE = '10s';
/** The SDK holds beats back for 0.8 of their timeout otherwise, and one that is late or lost would be missed. */
const HEARTBEAT_THROTTLE = '3s';
/**
 * How long workflow code may run at a time. Thousands of signals that waited while no worker ran take more than the SDK's 5 s, and
 * it ends the process then, again at each restart. It is no published option, so it comes by a spread.
 */
const PATIENCE_WITH_BACKLOGS = { isolateExecutionTimeout: '60s' } as const;

/**
 * Bundles the workflows, unless that was done, and starts the workers of a process. When it returns they take work,
 * until {@link BillingWorker.stop}.
 * @throws what Temporal's SDK does when the code can't be bundled, or a worker is refused by the namespace.
 */
export async function startWorker(options: BillingWorkerOptions): Promise<BillingWorker> {
  const { connection, namespace, dataConverter, buildId, batchRequestsPerSecond } = options;
  const { clientInterceptors = [], activityInterceptors = [] } = options.tracing ?? {};
  const interceptors = { workflow: clientInterceptors };
  const dependencies = {
    ...options.dependencies,
    temporal: new Client({ connection, namespace, dataConverter, interceptors }),
  };
  const common = {
    connection,
    namespace,
    dataConverter,
    ...(buildId === null ? {} : { workerDeploymentOptions: deploymentOptions(buildId) }),
    shutdownGraceTime: SHUTDOWN_GRACE,
    maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE,
    ...PATIENCE_WITH_BACKLOGS,
    interceptors: {
      activity: [
        () => ({ inbound: new HeartbeatInterceptor() }),
        ...activityInterceptors,
        () => ({ inbound: new TraceLinksInterceptor() }),
        () => ({ inbound: new ActivityLogInterceptor(dependencies.log) }),
        () => ({ inbound: new StripeErrorInterceptor() }),
      ],
    },
  } satisfies Partial<WorkerOptions>;

  const workflowBundle = options.workflowBundle ?? (await bundleWorkflows(dataConverter));
  const workers = await Promise.all([
    Worker.create({
      ...common,
      workflowBundle,
      taskQueue: BILLING_TASK_QUEUE,
      activities: createBillingActivities(dependencies),
    }),
    Worker.create({
      ...common,
      workflowBundle,
      taskQueue: BILLING_BATCH_TASK_QUEUE,
      activities: { ...createBatchActivities(dependencies), ...createReconciliationSteps(dependencies) },
    }),
    ...MODES.map((mode) =>
      Worker.create({
        ...common,
        taskQueue: billingChargesTaskQueue(mode),
        activities: { ...createChargeActivities(dependencies), ...createReconciliationReads(dependencies) },
        maxTaskQueueActivitiesPerSecond: billsPerSecond(batchRequestsPerSecond[mode]),
      }),
    ),
    Worker.create({
      ...common,
      taskQueue: BILLING_HOOKS_TASK_QUEUE,
      activities: createHookActivities(dependencies),
    }),
  ]);
  const shutDown = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const runs = workers.map((worker) => worker.run());
  // One that fails takes the others along: half a worker would look healthy.
  const stopped = Promise.all(runs).then(
    () => undefined,
    async (error: unknown) => {
      shutDown();
      await Promise.allSettled(runs);
      throw error;
    },
  );
  const stop = async () => {
    shutDown();
    await stopped;
  };
  const isRunning = () => workers.every((worker) => worker.getState() === 'RUNNING');
  return { isRunning, stopped, stop, [Symbol.asyncDispose]: stop };
}
