import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import { BILLING_TASK_QUEUE } from '../../domain/task-queues.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import type { TestApi } from './harness.ts';

/** Runs workflows that answer as customers' would, without billing anybody. @returns what ends the worker. */
export async function startCheckoutWorker({ temporal }: TestApi): Promise<() => Promise<void>> {
  quietRuntime();
  const connection = await NativeConnection.connect({ address: inject('temporalAddress') });
  const worker = await Worker.create({
    connection,
    namespace: temporal.options.namespace,
    taskQueue: BILLING_TASK_QUEUE,
    workflowsPath: fileURLToPath(new URL('./fixtures/checkout-workflows.ts', import.meta.url)),
  });
  const running = worker.run();
  return async () => {
    worker.shutdown();
    await running;
    await connection.close();
  };
}
