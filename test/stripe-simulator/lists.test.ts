import { afterAll, beforeAll, expect, test } from 'vitest';
import { failureOf } from './support.ts';
import type { Target } from './target.ts';
import { onStripe, startTarget, unique, uniqueEmail } from './target.ts';

let context: Target;

beforeAll(async () => {
  context = await startTarget();
});

afterAll(() => context[Symbol.asyncDispose]());

test('auto-pagination finds every object once, newest first, in both directions', async () => {
  const { stripe } = context;
  const email = uniqueEmail('pages');
  const made: string[] = [];
  for (let index = 0; index < 25; index += 1) made.push((await stripe.customers.create({ email })).id);
  const all = await stripe.customers.list({ email, limit: 10 }).autoPagingToArray({ limit: 1_000 });
  expect(all.map(({ id }) => id)).toEqual(made.toReversed());
  const [, second] = made;
  const newer = await stripe.customers
    .list({ email, limit: 10, ending_before: second ?? '' })
    .autoPagingToArray({ limit: 1_000 });
  expect(newer.map(({ id }) => id).toSorted()).toEqual(made.slice(2).toSorted());
});

test('ending_before gives the page just before the cursor', async () => {
  const { stripe } = context;
  const email = uniqueEmail('before');
  for (let index = 0; index < 4; index += 1) await stripe.customers.create({ email });
  const [oldest, ...newer] = (await stripe.customers.list({ email, limit: 4 })).data.toReversed();
  const page = await stripe.customers.list({ email, limit: 2, ending_before: oldest?.id ?? '' });
  expect(page.data.map(({ id }) => id)).toEqual(
    newer
      .slice(0, 2)
      .map(({ id }) => id)
      .toReversed(),
  );
  expect(page.has_more).toBe(true);
});

test('a cursor that does not exist is refused', async () => {
  const { stripe } = context;
  const list = stripe.customers.list({ starting_after: 'cus_none' });
  expect(await failureOf(list)).toMatchObject({ code: 'resource_missing', param: 'starting_after' });
});

test.skipIf(onStripe)('created filters by a moment or a range', async () => {
  const { stripe, sim } = context;
  const now = await sim.clock('2030-06-01T00:00:00Z');
  await stripe.customers.create({ name: 'later' });
  const since = await stripe.customers.list({ created: { gte: now } });
  expect(since.data.map(({ name }) => name)).toEqual(['later']);
  const until = await stripe.customers.list({ created: { lt: now }, limit: 100 });
  expect(until.data.some(({ name }) => name === 'later')).toBe(false);
});

test('prices are found by lookup key and product', async () => {
  const { stripe } = context;
  const product = await stripe.products.create({ name: 'Credits' });
  const price = await stripe.prices.create({
    product: product.id,
    currency: 'usd',
    unit_amount: 100,
    lookup_key: unique('credits'),
  });
  expect((await stripe.prices.list({ lookup_keys: [unique('credits')] })).data.map(({ id }) => id)).toEqual([
    price.id,
  ]);
  const again = stripe.prices.create({
    product: product.id,
    currency: 'usd',
    unit_amount: 200,
    lookup_key: unique('credits'),
  });
  expect(await failureOf(again)).toMatchObject({ param: 'lookup_key' });
  const moved = await stripe.prices.create({
    product: product.id,
    currency: 'usd',
    unit_amount: 200,
    lookup_key: unique('credits'),
    transfer_lookup_key: true,
  });
  expect((await stripe.prices.list({ lookup_keys: [unique('credits')] })).data.map(({ id }) => id)).toEqual([
    moved.id,
  ]);
  expect((await stripe.prices.list({ product: product.id, active: true })).data).toHaveLength(2);
});

test('expand reaches into lists', async () => {
  const { stripe } = context;
  const customer = await stripe.customers.create({ name: 'expanded' });
  await stripe.invoices.create({ customer: customer.id, currency: 'usd' });
  const { data } = await stripe.invoices.list({ customer: customer.id, expand: ['data.customer'] });
  expect(data).toMatchObject([{ customer: { name: 'expanded' } }]);
});
