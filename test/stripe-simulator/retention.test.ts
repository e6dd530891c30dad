import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IdOrder } from '../../stripe-simulator/collection.ts';
import { draftOf, eventually, failureOf, startReceiver, startTestSimulator } from './support.ts';

test('events are kept for 30 days by the clock, then they are gone', async () => {
  await using context = await startTestSimulator();
  await using receiver = await startReceiver();
  const { stripe, sim } = context;
  await stripe.webhookEndpoints.create({ url: receiver.url, enabled_events: ['*'] });
  await stripe.products.create({ name: 'old' });
  await eventually(() => receiver.received[0]);
  const [old] = (await stripe.events.list()).data;
  await sim.clock((await sim.now()) + 29 * 86_400);
  await stripe.products.create({ name: 'young' });
  expect((await stripe.events.retrieve(old?.id ?? '')).id).toBe(old?.id);
  await sim.clock((await sim.now()) + 2 * 86_400);
  await stripe.products.create({ name: 'new' });
  expect(await failureOf(stripe.events.retrieve(old?.id ?? ''))).toMatchObject({ statusCode: 404 });
  expect((await stripe.events.list()).data).toHaveLength(2);
});

test('the same price_data of the same product is one price, however often it is used', async () => {
  await using context = await startTestSimulator();
  const { stripe } = context;
  const product = await stripe.products.create({ name: 'Hour' });
  const customer = await stripe.customers.create({});
  for (let month = 0; month < 3; month += 1) {
    const draft = await draftOf(stripe, customer.id, 1);
    await stripe.invoices.addLines(draft.id, {
      lines: [5, 5, 7].map((cents) => ({
        price_data: { currency: 'usd', product: product.id, unit_amount: cents },
      })),
    });
  }
  const { data } = await stripe.prices.list({ product: product.id });
  expect(data.map(({ unit_amount: cents, active }) => [cents, active])).toEqual([
    [7, false],
    [5, false],
  ]);
});

test('a data file belongs to one simulator at a time', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stripe-simulator-'));
  const dataFile = join(folder, 'state.jsonl');
  const first = await startTestSimulator({ dataFile });
  await expect(startTestSimulator({ dataFile })).rejects.toThrow(/in use by another simulator/);
  await expect(startTestSimulator({ dataFile: join(folder, '.', 'state.jsonl') })).rejects.toThrow(/in use/);
  await first[Symbol.asyncDispose]();
  const second = await startTestSimulator({ dataFile });
  await second[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

test('an order of ids keeps its order, whatever is taken out of it', () => {
  const step = fc.record({ id: fc.integer({ min: 0, max: 150 }).map(String), add: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600 }), (steps) => {
      const order = new IdOrder();
      let expected: string[] = [];
      for (const { id, add } of steps) {
        if (add) {
          order.add(id);
          if (!expected.includes(id)) expected.push(id);
        } else {
          order.remove(id);
          expected = expected.filter((other) => other !== id);
        }
      }
      expect([...order.oldestFirst()]).toEqual(expected);
      expect([...order.newestFirst()]).toEqual(expected.toReversed());
      expect([order.first, order.size]).toEqual([expected[0], expected.length]);
      const [cursor] = expected.slice(expected.length / 2);
      if (cursor === undefined) return;
      expect([...order.oldestFirst(cursor)]).toEqual(expected.slice(expected.indexOf(cursor) + 1));
      expect([...order.newestFirst(cursor)]).toEqual(
        expected.slice(0, expected.indexOf(cursor)).toReversed(),
      );
    }),
  );
});

test('what is taken back leaves every order as it was', async () => {
  await using context = await startTestSimulator();
  const { stripe } = context;
  const customer = await stripe.customers.create({});
  for (const amount of [1, 2, 3])
    await stripe.invoiceItems.create({ customer: customer.id, amount, currency: 'usd' });
  const amounts = async () =>
    (await stripe.invoices.createPreview({ customer: customer.id })).lines.data.map(({ amount }) => amount);
  expect(await amounts()).toEqual([1, 2, 3]);
  expect(await amounts()).toEqual([1, 2, 3]);
  const draft = await stripe.invoices.create({ customer: customer.id, currency: 'usd' });
  const { lines } = await stripe.invoices.addLines(draft.id, {
    lines: [{ amount: 10 }, { amount: 20 }, { amount: 30 }],
  });
  const removals = [lines.data[0]?.id ?? '', 'il_nothing'];
  const refused = stripe.invoices.removeLines(draft.id, {
    lines: removals.map((id) => ({ id, behavior: 'delete' as const })),
  });
  expect(await failureOf(refused)).toMatchObject({ code: 'resource_missing' });
  const { data } = await stripe.invoices.listLineItems(draft.id);
  expect(data.map(({ amount }) => amount)).toEqual([10, 20, 30]);
});
