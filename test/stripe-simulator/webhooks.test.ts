import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Receiver, TestSimulator } from './support.ts';
import { eventually, startReceiver, startTestSimulator } from './support.ts';

let context: TestSimulator;
let receiver: Receiver;

beforeEach(async () => {
  context = await startTestSimulator();
  receiver = await startReceiver();
});

afterEach(async () => {
  await receiver[Symbol.asyncDispose]();
  await context[Symbol.asyncDispose]();
});

const arrived = (count: number) =>
  eventually(() => (receiver.received.length >= count ? receiver.received : undefined), `webhook ${count}`);

test('an endpoint that fails hears of the event again, with back-off by the clock, until it answers 2xx', async () => {
  const { stripe, sim } = context;
  await stripe.webhookEndpoints.create({ url: receiver.url, enabled_events: ['customer.created'] });
  receiver.statuses.push(500, 302, 404);
  await stripe.customers.create({});
  await arrived(1);
  for (const [attempt, seconds] of [
    [2, 1],
    [3, 5],
    [4, 30],
  ] as const) {
    await eventually(async () => {
      const [delivery] = await sim.deliveries();
      return (delivery?.attempts.length ?? 0) >= attempt - 1 ? delivery : undefined;
    });
    await sim.clock((await sim.now()) + seconds + 1);
    await arrived(attempt);
  }
  const delivered = await eventually(async () => {
    const [delivery] = await sim.deliveries();
    return delivery?.status === 'succeeded' ? delivery : undefined;
  });
  expect(delivered.attempts.map(({ status }) => status)).toEqual([500, 302, 404, 200]);
  const ids = new Set(receiver.received.map(({ payload }) => /"id": "(evt_\w+)"/.exec(payload)?.[1]));
  expect(ids.size).toBe(1);
});

test('an endpoint that is down for good is given up after three days', async () => {
  const { stripe, sim } = context;
  await stripe.webhookEndpoints.create({ url: 'http://127.0.0.1:9/', enabled_events: ['*'] });
  await stripe.customers.create({});
  const given = await eventually(async () => {
    const [delivery] = await sim.deliveries();
    if (delivery?.status === 'pending') await sim.clock((await sim.now()) + 86_401);
    return delivery?.status === 'failed' ? delivery : undefined;
  });
  expect(given.attempts.length).toBe(10);
  expect((await stripe.events.list({ delivery_success: false })).data).toMatchObject([
    { pending_webhooks: 0 },
  ]);
});

test('undelivered events are listed as such, and counted', async () => {
  const { stripe } = context;
  await stripe.webhookEndpoints.create({ url: receiver.url, enabled_events: ['customer.created'] });
  receiver.statuses.push(200, 500, 500, 500);
  await stripe.customers.create({ name: 'heard' });
  await arrived(1);
  await stripe.customers.create({ name: 'missed' });
  await arrived(2);
  const missed = await eventually(async () => {
    const { data } = await stripe.events.list({ delivery_success: false });
    return data.length === 1 ? data : undefined;
  });
  expect(missed).toMatchObject([{ data: { object: { name: 'missed' } }, pending_webhooks: 1 }]);
});

test('an endpoint hears only what it enabled, only of its mode, and nothing once it is disabled', async () => {
  const { stripe, live } = context;
  const endpoint = await stripe.webhookEndpoints.create({
    url: receiver.url,
    enabled_events: ['product.created'],
  });
  await stripe.customers.create({});
  await live.products.create({ name: 'live' });
  await stripe.products.create({ name: 'test' });
  await arrived(1);
  await stripe.webhookEndpoints.update(endpoint.id, { disabled: true });
  await stripe.products.create({ name: 'after' });
  await sleep(50);
  expect(receiver.received).toHaveLength(1);
  expect(receiver.received[0]?.payload).toContain('"name": "test"');
});

test('the secret is shown once, and no longer', async () => {
  const { stripe } = context;
  const endpoint = await stripe.webhookEndpoints.create({ url: receiver.url, enabled_events: ['*'] });
  expect(endpoint.secret).toMatch(/^whsec_/);
  expect((await stripe.webhookEndpoints.retrieve(endpoint.id)).secret).toBeUndefined();
  await stripe.webhookEndpoints.del(endpoint.id);
  expect((await stripe.webhookEndpoints.list()).data).toHaveLength(0);
});

test('a person can have an event delivered once more', async () => {
  const { stripe, sim } = context;
  await stripe.webhookEndpoints.create({ url: receiver.url, enabled_events: ['*'] });
  await stripe.customers.create({});
  await arrived(1);
  const [delivery] = await sim.deliveries();
  expect(await sim.call('POST', '/webhooks/redeliver', { eventId: delivery?.eventId })).toMatchObject({
    status: 202,
  });
  await arrived(2);
  expect(receiver.received[1]?.payload).toContain(delivery?.eventId);
  expect(await sim.call('POST', '/webhooks/redeliver', { eventId: 'evt_none' })).toMatchObject({
    status: 404,
  });
});
