import type Stripe from 'stripe';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventsAbout, meteredPrice, seatPrice, unix, use } from './subscription-support.ts';
import type { TestSimulator } from './support.ts';
import { eventually, failureOf, idOf, startTestSimulator } from './support.ts';

let context: TestSimulator;

beforeEach(async () => {
  context = await startTestSimulator();
});

afterEach(() => context[Symbol.asyncDispose]());

const START = '2028-01-31T00:00:00Z';

async function clockWithCustomer() {
  const { stripe } = context;
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time: unix(START), name: 'billing' });
  const customer = await stripe.customers.create({
    test_clock: clock.id,
    payment_method: 'pm_card_visa',
    invoice_settings: { default_payment_method: 'pm_card_visa' },
  });
  return { clock, customer };
}

async function advance(clock: Stripe.TestHelpers.TestClock, to: string) {
  const { testClocks } = context.stripe.testHelpers;
  const advancing = await testClocks.advance(clock.id, { frozen_time: unix(to) });
  expect(advancing).toMatchObject({
    status: 'advancing',
    status_details: { advancing: { target_frozen_time: unix(to) } },
  });
  return eventually(async () => {
    const now = await testClocks.retrieve(clock.id);
    return now.status === 'ready' ? now : undefined;
  }, 'the clock');
}

test('a test clock moves what belongs to its customers, and nothing else', async () => {
  const { stripe, sim } = context;
  const { clock, customer } = await clockWithCustomer();
  expect(customer).toMatchObject({ test_clock: clock.id, created: unix(START) });
  const price = await seatPrice(stripe);
  const items = [{ price: price.id }];
  const subscription = await stripe.subscriptions.create({ customer: customer.id, items });
  const other = await stripe.customers.create({ payment_method: 'pm_card_visa' });
  const unmoved = await stripe.subscriptions.create({
    customer: other.id,
    items: [{ price: (await meteredPrice(stripe, '1')).price.id }],
  });
  expect(subscription).toMatchObject({ status: 'active', test_clock: clock.id, created: unix(START) });
  const before = await sim.now();
  const ready = await advance(clock, '2028-03-30T00:00:00Z');
  expect(ready).toMatchObject({ frozen_time: unix('2028-03-30T00:00:00Z'), status_details: {} });
  const invoices = await stripe.invoices.list({ subscription: subscription.id });
  expect(invoices.data.map(({ created, status }) => [created, status])).toEqual([
    [unix('2028-02-29T00:00:00Z'), 'paid'],
    [unix(START), 'paid'],
  ]);
  expect(invoices.data[0]?.status_transitions.paid_at).toBe(unix('2028-02-29T01:00:00Z'));
  expect((await stripe.subscriptions.retrieve(unmoved.id)).items).toEqual(unmoved.items);
  expect((await sim.now()) - before).toBeLessThan(60);
  expect(await eventsAbout(stripe, clock.id)).toEqual([
    'test_helpers.test_clock.created',
    'test_helpers.test_clock.advancing',
    'test_helpers.test_clock.ready',
  ]);
});

test("the simulator's own clock does not move a test clock", async () => {
  const { stripe, sim } = context;
  const { clock, customer } = await clockWithCustomer();
  const price = await seatPrice(stripe);
  const { id, latest_invoice: first } = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
  });
  await sim.clock('2030-01-01T00:00:00Z');
  expect(idOf((await stripe.subscriptions.retrieve(id)).latest_invoice)).toBe(idOf(first));
  expect((await stripe.testHelpers.testClocks.retrieve(clock.id)).frozen_time).toBe(unix(START));
});

test('usage and invoices of its customers go by the test clock', async () => {
  const { stripe } = context;
  const { clock, customer } = await clockWithCustomer();
  const usage = await meteredPrice(stripe, '100');
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: usage.price.id }],
  });
  await use(stripe, usage, customer.id, '3');
  const draft = await stripe.invoices.create({ customer: customer.id, currency: 'usd', auto_advance: true });
  expect(draft).toMatchObject({ created: unix(START), test_clock: clock.id });
  await advance(clock, '2028-02-29T02:00:00Z');
  expect((await stripe.invoices.retrieve(draft.id)).status).toBe('paid');
  const [cycle] = (await stripe.invoices.list({ subscription: subscription.id })).data;
  expect(cycle).toMatchObject({ total: 300, status: 'paid' });
});

test('a clock goes forwards only, not too far, and not in live mode', async () => {
  const { stripe, live } = context;
  const { clock, customer } = await clockWithCustomer();
  const { testClocks } = stripe.testHelpers;
  for (const frozen_time of [unix(START), unix('2027-01-01T00:00:00Z'), unix('2031-01-01T00:00:00Z')]) {
    const refused = testClocks.advance(clock.id, { frozen_time });
    expect(await failureOf(refused)).toMatchObject({ param: 'frozen_time', statusCode: 400 });
  }
  await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: (await seatPrice(stripe)).id }],
  });
  const far = testClocks.advance(clock.id, { frozen_time: unix('2028-04-02T00:00:00Z') });
  expect(await failureOf(far)).toMatchObject({ param: 'frozen_time' });
  const refused = live.testHelpers.testClocks.create({ frozen_time: unix(START) });
  expect(await failureOf(refused)).toMatchObject({ statusCode: 400 });
});

test('with a test clock its customers go too, and they are listed with it only', async () => {
  const { stripe } = context;
  const { clock, customer } = await clockWithCustomer();
  expect((await stripe.customers.list()).data).toEqual([]);
  expect((await stripe.customers.list({ test_clock: clock.id })).data).toMatchObject([{ id: customer.id }]);
  expect((await stripe.testHelpers.testClocks.list()).data).toMatchObject([{ id: clock.id }]);
  expect(await stripe.testHelpers.testClocks.del(clock.id)).toMatchObject({ deleted: true });
  expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ deleted: true });
  expect(await failureOf(stripe.testHelpers.testClocks.retrieve(clock.id))).toMatchObject({
    statusCode: 404,
  });
});
