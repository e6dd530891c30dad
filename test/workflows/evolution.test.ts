import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createNamespace } from '../support/billing-worker.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { exampleActivities } from './evolution/activities.ts';
import type { History } from './histories.ts';

// The worked example of docs/operations.md, "Changing workflow code": what it says is what happens.

const VERSIONS = ['first-version', 'careless-change', 'patched-change'] as const;
type Version = (typeof VERSIONS)[number];

let client: Client;
let nativeConnection: NativeConnection;
const codes = new Map<Version, { readonly code: string }>();
const connections: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  quietRuntime();
  const address = inject('temporalAddress');
  const connection = await Connection.connect({ address });
  nativeConnection = await NativeConnection.connect({ address });
  connections.push(connection, nativeConnection);
  client = new Client({ connection, namespace: await createNamespace(connection) });
  for (const version of VERSIONS) {
    const workflowsPath = fileURLToPath(sourceOf(version));
    codes.set(version, await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') }));
  }
});
afterAll(async () => {
  for (const connection of connections) await connection.close();
});

const sourceOf = (version: Version) => new URL(`evolution/${version}.ts`, import.meta.url);

function codeOf(version: Version): { readonly code: string } {
  const code = codes.get(version);
  if (code === undefined) throw new Error(`${version} is not bundled`);
  return code;
}

/** Runs the workflow from beginning to end with that code. */
async function run(version: Version): Promise<{ done: string[]; history: History }> {
  const done: string[] = [];
  const worker = await Worker.create({
    connection: nativeConnection,
    namespace: client.options.namespace,
    taskQueue: version,
    workflowBundle: codeOf(version),
    activities: exampleActivities(done),
  });
  const workflowId = `example-${version}`;
  return await worker.runUntil(async () => {
    await client.workflow.execute('exampleWorkflow', { workflowId, taskQueue: version });
    return { done, history: await client.workflow.getHandle(workflowId).fetchHistory() };
  });
}

const replay = (version: Version, history: History) =>
  Worker.runReplayHistory({ workflowBundle: codeOf(version) }, history);

test('a careless change breaks the workflows that began before it; a patched one does not', async () => {
  const { done, history } = await run('first-version');
  expect(done).toEqual(['look', 'save']);
  await expect(replay('first-version', history)).resolves.toBeUndefined();
  await expect(replay('careless-change', history)).rejects.toThrow(DeterminismViolationError);
  await expect(replay('patched-change', history)).resolves.toBeUndefined();
});

test('a workflow that begins after a patched change does the new thing', async () => {
  const { done, history } = await run('patched-change');
  expect(done).toEqual(['look', 'tellHost', 'save']);
  await expect(replay('patched-change', history)).resolves.toBeUndefined();
});

test('docs/operations.md shows the code of this test', async () => {
  const docs = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  for (const version of VERSIONS) {
    const source = await readFile(sourceOf(version), 'utf8');
    expect(docs).toContain(source.slice(source.indexOf('export async function')).trim());
  }
});
