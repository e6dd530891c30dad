import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import type { Receiver, TestSimulator } from './support.ts';
import { eventually, startReceiver, startTestSimulator } from './support.ts';

let context: TestSimulator;
let receiver: Receiver;

beforeEach(async () => {
  context = await startTestSimulator();
  receiver = await startReceiver();
  await context.stripe.webhookEndpoints.create({ url: receiver.url, enabled_events: ['product.created'] });
});

afterEach(async () => {
  await context[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

const set = (rule: object) => context.sim.call('POST', '/webhooks/mischief', rule);
const product = (name: string) => context.stripe.products.create({ name });

const event = z.object({ id: z.string(), data: z.object({ object: z.object({ name: z.string() }) }) });
const names = () => receiver.received.map(({ payload }) => event.parse(JSON.parse(payload)).data.object.name);
const arrived = (count: number) =>
  eventually(() => (receiver.received.length >= count ? names() : undefined), `${count} webhooks`);

test('a dropped webhook never comes, and is listed as not delivered', async () => {
  const { stripe } = context;
  expect((await set({ kind: 'drop' })).status).toBe(201);
  await product('lost');
  await product('heard');
  expect(await arrived(1)).toEqual(['heard']);
  const [undelivered, ...others] = (await stripe.events.list({ delivery_success: false })).data;
  expect(undelivered?.data.object).toMatchObject({ name: 'lost' });
  expect(others).toEqual([]);
});

test('a duplicated webhook comes twice, with the same event', async () => {
  await set({ kind: 'duplicate' });
  await product('twice');
  await product('once');
  expect((await arrived(3)).toSorted()).toEqual(['once', 'twice', 'twice']);
});

test('a delayed webhook comes when the clock says so', async () => {
  const { sim } = context;
  await set({ kind: 'delay', delayMs: 3_600_000 });
  await product('late');
  await product('early');
  expect(await arrived(1)).toEqual(['early']);
  await sim.clock((await sim.now()) + 3_600);
  expect(await arrived(2)).toEqual(['early', 'late']);
});

test('reordered webhooks come in another order, which the seed decides', async () => {
  await set({ kind: 'reorder', count: 4, seed: 7, delayMs: 60_000 });
  for (const name of ['a', 'b', 'c', 'd']) await product(name);
  const order = await arrived(4);
  expect(order.toSorted()).toEqual(['a', 'b', 'c', 'd']);
  expect(order).not.toEqual(['a', 'b', 'c', 'd']);
  await set({ kind: 'reorder', count: 4, seed: 7, delayMs: 60_000 });
  for (const name of ['a', 'b', 'c', 'd']) await product(name);
  expect((await arrived(8)).slice(4)).toEqual(order);
});

test('one rule that strikes both modes keeps their webhooks apart', async () => {
  const { live, sim } = context;
  await live.webhookEndpoints.create({ url: receiver.url, enabled_events: ['product.created'] });
  await set({ kind: 'reorder', count: 2, delayMs: 5_000 });
  await live.products.create({ name: 'live' });
  await product('test');
  await sim.clock((await sim.now()) + 6);
  expect((await arrived(2)).toSorted()).toEqual(['live', 'test']);
  const isDone = async () => {
    const { json } = await sim.call('GET', '/webhooks');
    const { deliveries } = z
      .object({ deliveries: z.array(z.looseObject({ mode: z.string(), status: z.string() })) })
      .parse(json);
    const ends = deliveries.map(({ mode, status }) => `${mode} ${status}`);
    return ends.includes('test pending') || ends.includes('live pending') ? undefined : ends;
  };
  expect(await eventually(isDone, 'both to be delivered')).toEqual(['live succeeded', 'test succeeded']);
});

test('those that are held back are not held for ever', async () => {
  const { sim } = context;
  await set({ kind: 'reorder', count: 10, delayMs: 5_000 });
  await product('waits');
  await sim.clock((await sim.now()) + 6);
  expect(await arrived(1)).toEqual(['waits']);
});

test('a rule strikes only its event type, and by chance if it is told to', async () => {
  await set({ kind: 'drop', count: 100, eventType: 'price.*' });
  await product('heard');
  expect(await arrived(1)).toEqual(['heard']);
  await context.sim.call('DELETE', '/webhooks/mischief');
  await set({ kind: 'drop', count: 100, probability: 0.5, seed: 3 });
  for (let index = 0; index < 20; index += 1) await product(String(index));
  const { json } = await context.sim.call('GET', '/webhooks/mischief');
  const [rule] = z
    .object({ mischief: z.array(z.looseObject({ remaining: z.number() })) })
    .parse(json).mischief;
  const dropped = 100 - (rule?.remaining ?? 0);
  expect(dropped).toBeGreaterThan(3);
  expect(dropped).toBeLessThan(17);
  await arrived(1 + 20 - dropped);
});

test('what is no mischief is refused', async () => {
  expect((await set({ kind: 'eat' })).status).toBe(400);
});
