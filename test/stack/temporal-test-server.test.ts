import path from 'node:path';
import { Worker } from '@temporalio/worker';
import { expect, onTestFinished, test } from 'vitest';
import { cacheDirectory, inheritedEnvironment } from '../../config/machine.ts';
import { prepareTimeSkippingServer } from '../../stack/temporal-test-server.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { createTimeSkipping } from '../support/time-skipping.ts';
import { failureOf, fixture, silent, temporaryFolder } from './helpers.ts';
import { noDownload } from './no-download.ts';

quietRuntime();

test('the time-skipping server lets a month pass in a moment', async () => {
  const executable = await prepareTimeSkippingServer({
    cacheDir: cacheDirectory(),
    env: inheritedEnvironment(),
    log: console.error,
  });
  const environment = await createTimeSkipping(executable);
  onTestFinished(() => environment.teardown());
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue: 'month',
    workflowsPath: fixture('month.workflow.ts'),
  });
  const before = await environment.currentTimeMs();
  const result: unknown = await worker.runUntil(
    environment.client.workflow.execute('sleepForAMonth', { workflowId: 'month', taskQueue: 'month' }),
  );
  expect(result).toBe('a month later');
  expect((await environment.currentTimeMs()) - before).toBeGreaterThanOrEqual(30 * 24 * 60 * 60 * 1000);
});

test('a time-skipping server that can be had in no way is one message', async () => {
  const folder = await temporaryFolder();
  const env = { ...noDownload, PATH: folder };
  const { code, message } = await failureOf(
    prepareTimeSkippingServer({ cacheDir: path.join(folder, 'cache'), env, log: silent }),
  );
  expect(code).toBe('part_unavailable');
  expect(message).toMatch(/downloaded by the Temporal SDK: .*fetched with Maven: there is no "java"/s);
});
