import { createServer } from 'node:net';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import { describe, expect, onTestFinished, test } from 'vitest';
import { cacheDirectory, inheritedEnvironment } from '../../config/machine.ts';
import { freePort } from '../../process/free-port.ts';
import { onFreePort } from '../../stack/ports.ts';
import { findTemporalBinary } from '../../stack/temporal-binary.ts';
import {
  startTemporalServer,
  type TemporalServer,
  type TemporalServerOptions,
} from '../../stack/temporal-server.ts';
import { eventually, failureOf, fakeProgram, reaper, silent, temporaryFolder } from './helpers.ts';

const env = inheritedEnvironment();
const billingStatus = defineSearchAttributeKey('BillingStatus', 'KEYWORD');

async function start(options: Partial<TemporalServerOptions>): Promise<TemporalServer> {
  const binary = await findTemporalBinary({ cacheDir: cacheDirectory(), env, log: silent });
  const server = await onFreePort((port) =>
    startTemporalServer({
      binary,
      port,
      namespace: 'billing',
      searchAttributes: { BillingStatus: 'Keyword' },
      env,
      log: silent,
      reaper,
      ...options,
    }),
  );
  onTestFinished(() => server.stop());
  return server;
}

async function clientOf({ address, namespace }: TemporalServer): Promise<Client> {
  const connection = await Connection.connect({ address });
  onTestFinished(() => connection.close());
  return new Client({ connection, namespace });
}

describe('the embedded Temporal server', () => {
  test('takes a workflow with a search attribute as soon as it has started', async () => {
    const { workflow } = await clientOf(await start({}));
    await workflow.start('anything', {
      workflowId: 'first',
      taskQueue: 'none',
      typedSearchAttributes: new TypedSearchAttributes([{ key: billingStatus, value: 'active' }]),
    });
    const listed = async (): Promise<number> => (await workflow.count("BillingStatus = 'active'")).count;
    await eventually('the workflow is listed', async () => (await listed()) === 1);
    expect(await listed()).toBe(1);
  });

  test('keeps its workflows in a file, shows them in the Web UI, and learns new search attributes', async () => {
    const databaseFile = path.join(await temporaryFolder(), 'state', 'temporal.db');
    const first = await start({ databaseFile, uiPort: await freePort(), searchAttributes: {} });
    await (await clientOf(first)).workflow.start('anything', { workflowId: 'kept', taskQueue: 'none' });
    expect((await fetch(`${first.uiUrl}/namespaces/billing/workflows`)).status).toBe(200);
    await first.stop();

    const { workflow } = await clientOf(await start({ databaseFile }));
    expect((await workflow.count("BillingStatus = 'active'")).count).toBe(0);
    expect((await workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
  });

  test('names the variable to change when its port is taken', async () => {
    const port = await freePort();
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => void squatter.close());

    await expect(start({ uiPort: port })).rejects.toThrow(`TEMPORAL_UI_PORT=${port + 100}`);
    const binary = 'not needed';
    const options = { binary, port, namespace: 'default', searchAttributes: {}, env, log: silent };
    await expect(startTemporalServer(options)).rejects.toThrow(`TEMPORAL_PORT=${port + 100}`);
  });

  test('tells the last words of a server that ends while it starts', async () => {
    const folder = await temporaryFolder();
    await fakeProgram(folder, 'temporal', 'console.error("disk is full"); process.exit(7)');
    const { code, message } = await failureOf(start({ binary: path.join(folder, 'temporal') }));
    expect(code).toBe('start_failed');
    expect(message).toMatch(/code 7.*disk is full/s);
  });
});
