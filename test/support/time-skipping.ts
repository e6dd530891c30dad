import type { Client } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkerOptions } from '@temporalio/worker';
import { cacheDirectory, inheritedEnvironment } from '../../config/machine.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/search-attributes.ts';
import { prepareTimeSkippingServer } from '../../stack/temporal-test-server.ts';
import { SEARCH_ATTRIBUTE_TYPE_NUMBERS } from '../../worker/search-attributes.ts';
import { quietRuntime } from './quiet-runtime.ts';
import { workflowBundle } from './workflow-bundle.ts';

/** A Temporal server whose time stands still until it is slept through, with our search attributes. */
export async function startTimeSkippingTemporal(): Promise<TestWorkflowEnvironment> {
  quietRuntime();
  const path = await prepareTimeSkippingServer({
    cacheDir: cacheDirectory(),
    env: inheritedEnvironment(),
    log: console.error,
  });
  const environment = await createTimeSkipping(path);
  // A workflow that sets one that is not registered fails its task for ever. (This server can't list them.)
  await environment.connection.operatorService.addSearchAttributes({
    namespace: environment.client.options.namespace,
    searchAttributes: Object.fromEntries(
      Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, SEARCH_ATTRIBUTE_TYPE_NUMBERS[type]]),
    ),
  });
  return environment;
}

const STARTS = 3;

/**
 * Starts the server. The SDK gives it 5 seconds and no more, which a machine with many tests at once may not keep; one that is late
 * is given up, and another started.
 */
export async function createTimeSkipping(path: string): Promise<TestWorkflowEnvironment> {
  for (let start = 1; ; start += 1) {
    try {
      return await TestWorkflowEnvironment.createTimeSkipping({
        server: { executable: { type: 'existing-path', path } },
      });
    } catch (error) {
      const isLate = error instanceof Error && error.message.includes('did not start within 5s');
      if (!isLate || start === STARTS) throw error;
    }
  }
}

/** Our workflows with stand-ins for activities, on a clock that is moved. It is one for all workflows: tests take turns. */
export interface TimeSkippingWorker {
  readonly client: Client;
  /** The server's time, Unix milliseconds. */
  nowMs(): Promise<number>;
  sleep(durationMs: number): Promise<void>;
  sleepUntil(instantMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** @param activities by their task queue; each queue's worker runs workflows too. */
export async function startTimeSkippingWorker(
  activities: Readonly<Record<string, NonNullable<WorkerOptions['activities']>>>,
): Promise<TimeSkippingWorker> {
  const environment = await startTimeSkippingTemporal();
  const workers = await Promise.all(
    Object.entries(activities).map(([taskQueue, ofQueue]) =>
      Worker.create({
        connection: environment.nativeConnection,
        workflowBundle: workflowBundle(),
        taskQueue,
        activities: ofQueue,
      }),
    ),
  );
  const running = Promise.all(workers.map((worker) => worker.run()));
  const nowMs = () => environment.currentTimeMs();
  const sleep = (durationMs: number) => environment.sleep(durationMs);
  return {
    client: environment.client,
    nowMs,
    sleep,
    sleepUntil: async (instantMs) => await sleep(instantMs - (await nowMs())),
    stop: async () => {
      for (const worker of workers) worker.shutdown();
      await running;
      await environment.teardown();
    },
  };
}
