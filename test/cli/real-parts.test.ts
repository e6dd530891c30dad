import { randomUUID } from 'node:crypto';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { createStripeClient } from '../../activities/stripe-client.ts';
import { setUpStripe } from '../../activities/stripe-setup.ts';
import { readStackFile } from '../../config/stack-file.ts';
import { saveCluster } from '../../db/clusters.ts';
import { wantedEventTypes } from '../../domain/stripe-event.ts';
import { freePort } from '../../process/free-port.ts';
import { type StripeSimulator, startStripeSimulator } from '../../stripe-simulator/server.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { makeFolder, pressCtrlC, type RunningCommand, runCommand } from './command.ts';

/** Everything is configured, as on a server; only test mode has a key, as with most developers. */
describe('npm start with parts of its own', () => {
  let folder: string;
  let remove: () => Promise<void>;
  let database: TestDatabase;
  let simulator: StripeSimulator;
  let running: RunningCommand;

  beforeAll(async () => {
    ({ folder, remove } = await makeFolder());
    database = await createTestDatabase();
    simulator = await startStripeSimulator({ port: 0 });
    const port = await freePort();
    const stripe = createStripeClient({
      mode: 'test',
      secretKey: simulator.testKey,
      apiBase: simulator.baseUrl,
    });
    await setUpStripe(database.db, stripe, 'test');
    await saveCluster(database.db, { mode: 'test', clusterId: 'own-cluster', capacity: 1 });
    const endpoint = await stripe.webhookEndpoints.create({
      url: `http://127.0.0.1:${port}/api/webhooks/stripe-test`,
      enabled_events: wantedEventTypes('test'),
    });
    running = runCommand('start', [], {
      DATA_DIR: folder,
      PORT: String(port),
      POSTGRES_PORT: String(await freePort()),
      TEMPORAL_PORT: String(await freePort()),
      TEMPORAL_UI_PORT: String(await freePort()),
      STRIPE_SIMULATOR_PORT: String(await freePort()),
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      TEMPORAL_NAMESPACE: await createNamespace(),
      STRIPE_API_BASE: simulator.baseUrl,
      STRIPE_TEST_SECRET_KEY: simulator.testKey,
      STRIPE_TEST_WEBHOOK_SECRET: endpoint.secret ?? '',
    });
    await running.printed('Ctrl-C stops all of it');
  });
  afterAll(async () => {
    pressCtrlC(running);
    await running.ended;
    await simulator.stop();
    await database.drop();
    await remove();
  });

  it('starts nothing that is configured', () => {
    const output = running.output();
    expect(output).toContain('✓ api');
    expect(output).toContain('✓ worker');
    for (const part of ['✓ PostgreSQL', '✓ Temporal', '✓ Stripe simulator'])
      expect(output).not.toContain(part);
  });

  it('subscribes a customer on them', async () => {
    const stack = await readStackFile(folder);
    const call = async (method: string, url: string, body?: object): Promise<Record<string, unknown>> => {
      const response = await fetch(url, {
        method,
        headers: { authorization: `Bearer ${stack?.testApiKey}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      expect(response.ok, `${method} ${url}: ${response.status}`).toBe(true);
      return (await response.json()) as Record<string, unknown>;
    };
    const user = `${stack?.apiUrl}/api/users/mary`;
    await call('PUT', user, { email: 'mary@example.com', name: 'Mary' });
    const checkout = await call('POST', `${user}/checkout-sessions`, {
      mode: 'setup',
      successUrl: 'https://host.example/done',
      cancelUrl: 'https://host.example/back',
    });
    await call('POST', `${simulator.baseUrl}/_sim/checkout/${String(checkout['id'])}/complete`, {
      cardNumber: '4242424242424242',
    });
    await vi.waitFor(
      async () =>
        expect(await call('GET', `${user}/billing`)).toMatchObject({
          status: 'active',
          clusterId: 'own-cluster',
        }),
      { timeout: 30_000, interval: 100 },
    );
  });

  it('answers for the mode without a key that it is not configured', async () => {
    const stack = await readStackFile(folder);
    expect(stack?.stripe).toMatchObject({ live: null, test: { secretKey: simulator.testKey } });
    const answer = await fetch(`${stack?.apiUrl}/api/webhooks/stripe`, { method: 'POST', body: '{}' });
    expect(answer.status).toBe(503);
  });
});

async function createNamespace(): Promise<string> {
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  const namespace = `start-${randomUUID()}`;

  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
  await vi.waitFor(() => connection.workflowService.listWorkflowExecutions({ namespace }), {
    timeout: 30_000,
    interval: 100,
  });
  await connection.close();
  return namespace;
}
