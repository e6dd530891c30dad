/** The official Stripe CLI, the real program, against the simulator. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { TestSimulator } from './support.ts';
import { eventually, startReceiver, startTestSimulator } from './support.ts';

const CLI = join(dirname(createRequire(import.meta.url).resolve('@stripe/cli/package.json')), 'bin/shim.js');
const run = promisify(execFile);

let context: TestSimulator;
let folder: string;

beforeAll(async () => {
  context = await startTestSimulator();
  folder = await mkdtemp(join(tmpdir(), 'stripe-cli-'));
});

afterAll(async () => {
  await context[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** What the CLI printed. @throws if it failed. */
async function stripe(...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [CLI, ...args, '--api-base', context.simulator.baseUrl], {
    // Nothing of this machine: no logged-in session, no key.
    env: {
      HOME: folder,
      XDG_CONFIG_HOME: folder,
      STRIPE_API_KEY: context.simulator.testKey,
      STRIPE_CLI_TELEMETRY_OPTOUT: '1',
      // It asks for a newer version of itself: a closed port says at once that there is none. Loopback has no proxy.
      HTTPS_PROXY: 'http://127.0.0.1:9',
    },
    timeout: 30_000,
  });
  return stdout;
}

const objectSchema = z.looseObject({ id: z.string() });

test('post makes an object, get reads it and lists', async () => {
  const created = objectSchema.parse(
    JSON.parse(await stripe('post', '/v1/customers', '-d', 'email=cli@example.com', '-d', 'metadata[a]=b')),
  );
  expect(await context.stripe.customers.retrieve(created.id)).toMatchObject({
    email: 'cli@example.com',
    metadata: { a: 'b' },
  });
  expect(JSON.parse(await stripe('get', created.id))).toMatchObject({ id: created.id });
  expect(JSON.parse(await stripe('get', '/v1/customers', '--limit', '1'))).toMatchObject({
    data: [{ id: created.id }],
  });
});

test('an idempotency key of the command line counts', async () => {
  const post = async () =>
    objectSchema.parse(
      JSON.parse(await stripe('post', '/v1/customers', '--idempotency', 'cli', '-d', 'name=x')),
    );
  expect((await post()).id).toBe((await post()).id);
});

test('fixtures make the objects of a file, with references between them', async () => {
  const file = join(folder, 'fixture.json');
  await writeFile(
    file,
    JSON.stringify({
      _meta: { template_version: 0 },
      fixtures: [
        { name: 'customer', path: '/v1/customers', method: 'post', params: { name: 'Fixture' } },
        {
          name: 'invoice',
          path: '/v1/invoices',
          method: 'post',
          params: { customer: '${customer:id}', description: 'for ${customer:name}' },
        },
      ],
    }),
  );
  await stripe('fixtures', file);
  const [invoice] = (await context.stripe.invoices.list({ limit: 1, expand: ['data.customer'] })).data;
  expect(invoice).toMatchObject({ description: 'for Fixture', customer: { name: 'Fixture' } });
});

test.each([
  'charge.captured',
  'charge.failed',
  'charge.refunded',
  'charge.succeeded',
  'checkout.session.completed',
  'customer.subscription.created',
  'customer.subscription.updated',
  'customer.subscription.deleted',
  'invoice.payment_succeeded',
  'invoice.payment_failed',
  'payment_intent.canceled',
  'payment_intent.created',
  'payment_intent.payment_failed',
  'payment_intent.requires_action',
  'payment_intent.succeeded',
  'payment_method.attached',
  'payment_method.detached',
  'setup_intent.canceled',
  'setup_intent.created',
  'setup_intent.setup_failed',
  'setup_intent.succeeded',
] as const)('trigger %s makes that event happen, and it is delivered', async (type) => {
  await using receiver = await startReceiver();
  const endpoint = await context.stripe.webhookEndpoints.create({
    url: receiver.url,
    enabled_events: [type],
  });
  expect(await stripe('trigger', type)).toContain('Trigger succeeded');
  const delivery = await eventually(() => receiver.received[0]);
  const event = context.stripe.webhooks.constructEvent(
    delivery.payload,
    delivery.signature,
    endpoint.secret ?? '',
  );
  expect(event.type).toBe(type);
  await context.stripe.webhookEndpoints.del(endpoint.id);
});

test('what the simulator refuses, the CLI reports', async () => {
  await expect(stripe('trigger', 'customer.created', '--add', 'customer:nickname=x')).rejects.toThrow(
    /parameter_unknown/,
  );
});
