import type { ChildProcess } from 'node:child_process';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Stripe from 'stripe';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { conformingFetch } from './openapi/conformance.ts';
import {
  customerWithCard,
  draftOf,
  eventually,
  failureOf,
  simRoutes,
  startReceiver,
  startTestSimulator,
} from './support.ts';

const MAIN = fileURLToPath(new URL('../../stripe-simulator/main.ts', import.meta.url));

let folder: string;
let children: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stripe-simulator-'));
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

/** The program in a process of its own, as the stack starts it. */
async function startProgram(dataFile: string, port = 0) {
  const child = fork(MAIN, ['--port', String(port), '--data', dataFile], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  children.push(child);
  const messages: unknown = await once(child, 'message');
  const [ready] = z
    .tuple([z.object({ ready: z.literal(true), port: z.number() })])
    .rest(z.unknown())
    .parse(messages);
  const stripe = new Stripe('sk_test_simulator', {
    host: '127.0.0.1',
    port: ready.port,
    protocol: 'http',
    maxNetworkRetries: 0,
    httpClient: Stripe.createFetchHttpClient(conformingFetch),
  });
  return { child, port: ready.port, stripe, sim: simRoutes(`http://127.0.0.1:${ready.port}`) };
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

test('a killed simulator forgets nothing that it answered', async () => {
  await using receiver = await startReceiver();
  const file = join(folder, 'state.jsonl');
  const first = await startProgram(file);
  const now = await first.sim.clock('2031-01-15T00:00:00Z');
  const customer = await customerWithCard(first.stripe);
  const options = { idempotencyKey: 'kept' };
  const kept = await first.stripe.customers.create({ email: 'kept@example.com' }, options);
  const draft = await draftOf(first.stripe, customer.id, 1_234);
  await first.stripe.webhookEndpoints.create({ url: receiver.url, enabled_events: ['product.created'] });
  receiver.statuses.push(500);
  await first.stripe.products.create({ name: 'heard twice' });
  await eventually(() => receiver.received[0]);
  first.child.kill('SIGKILL');
  await ended(first.child);

  const second = await startProgram(file);
  expect((await second.sim.now()) - now).toBeLessThan(60);
  expect((await second.stripe.customers.create({ email: 'kept@example.com' }, options)).id).toBe(kept.id);
  expect((await second.stripe.customers.list({ email: 'kept@example.com' })).data).toHaveLength(1);
  expect(await second.stripe.invoices.retrieve(draft.id)).toMatchObject({ total: 1_234, status: 'draft' });
  await second.stripe.invoices.finalizeInvoice(draft.id);
  expect(await second.stripe.invoices.pay(draft.id)).toMatchObject({ status: 'paid', amount_paid: 1_234 });
  const before = await second.stripe.events.list({ limit: 100 });
  // The delivery that failed goes on by itself, with the same event.
  const [one, two] = await eventually(() => (receiver.received.length >= 2 ? receiver.received : undefined));
  expect(JSON.parse(two?.payload ?? '')).toMatchObject({
    id: z.object({ id: z.string() }).parse(JSON.parse(one?.payload ?? '')).id,
  });
  second.child.kill('SIGTERM');
  expect(await ended(second.child)).toBe(0);

  const third = await startProgram(file);
  const after = await third.stripe.events.list({ limit: 100 });
  expect(after.data.map(({ id }) => id)).toEqual(before.data.map(({ id }) => id));
}, 30_000);

test('a charge that was due while the simulator was down happens after it', async () => {
  const dataFile = join(folder, 'state.jsonl');
  const first = await startTestSimulator({ dataFile, collectionDelayMs: 60_000 });
  const customer = await customerWithCard(first.stripe);
  const draft = await draftOf(first.stripe, customer.id, 500);
  await first.stripe.invoices.finalizeInvoice(draft.id, { auto_advance: true });
  await first[Symbol.asyncDispose]();
  await using second = await startTestSimulator({ dataFile });
  expect(await second.stripe.invoices.retrieve(draft.id)).toMatchObject({ status: 'open' });
  await second.sim.clock((await second.sim.now()) + 61);
  expect(await second.stripe.invoices.retrieve(draft.id)).toMatchObject({ status: 'paid' });
});

test('a line cut short by a crash is dropped, a damaged one stops the start', async () => {
  const dataFile = join(folder, 'state.jsonl');
  const first = await startTestSimulator({ dataFile });
  const customer = await first.stripe.customers.create({});
  await first[Symbol.asyncDispose]();
  await appendFile(dataFile, '{"mode":"test","changes":[{"coll');
  const second = await startTestSimulator({ dataFile });
  expect((await second.stripe.customers.retrieve(customer.id)).id).toBe(customer.id);
  await second[Symbol.asyncDispose]();
  await appendFile(dataFile, 'nonsense\n');
  await expect(startTestSimulator({ dataFile })).rejects.toThrow(/is damaged/);
});

test('the file is compacted at every start', async () => {
  const dataFile = join(folder, 'state.jsonl');
  const first = await startTestSimulator({ dataFile });
  const draft = await first.stripe.invoices.create({
    customer: (await first.stripe.customers.create({})).id,
    currency: 'usd',
  });
  for (let index = 0; index < 20; index += 1) {
    await first.stripe.invoices.update(draft.id, { description: 'the same' }, { idempotencyKey: 'the same' });
    await first.stripe.webhookEndpoints.create({
      url: 'http://127.0.0.1:9',
      enabled_events: ['account.updated'],
    });
    const [endpoint] = (await first.stripe.webhookEndpoints.list({ limit: 1 })).data;
    await first.stripe.webhookEndpoints.del(endpoint?.id ?? '');
  }
  await first[Symbol.asyncDispose]();
  const { size: before } = await stat(dataFile);
  const second = await startTestSimulator({ dataFile });
  await second[Symbol.asyncDispose]();
  expect((await stat(dataFile)).size).toBeLessThan(before);
});

test('a taken port is a clear error and exit 1', async () => {
  await using context = await startTestSimulator();
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, '--port', String(context.simulator.port)]);
  children.push(child);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  expect(await ended(child)).toBe(1);
  expect(errors).toContain('The port is taken');
});

test('a forked simulator does not outlive its parent', async () => {
  const { child, stripe } = await startProgram(join(folder, 'state.jsonl'));
  child.disconnect();
  expect(await ended(child)).toBe(0);
  expect(await failureOf(stripe.customers.list())).toMatchObject({ type: 'StripeConnectionError' });
});

test('the simulator listens on loopback only', async () => {
  await using context = await startTestSimulator();
  expect(context.simulator.baseUrl).toMatch(/^http:\/\/127\.0\.0\.1:/);
});
