import { afterEach, beforeEach, expect, test } from 'vitest';
import { at, eventsAbout, meteredPrice, minute, seatPrice, unix, use } from './subscription-support.ts';
import type { TestSimulator } from './support.ts';
import { customerWithCard, idOf, startTestSimulator } from './support.ts';

let context: TestSimulator;

beforeEach(async () => {
  context = await startTestSimulator();
});

afterEach(() => context[Symbol.asyncDispose]());

const FIRST_OF_MONTH = { day_of_month: 1, hour: 0, minute: 0, second: 0 };

test('a month of usage is drafted at its end, finalized an hour later, and charged', async () => {
  const { stripe } = context;
  await at(context, '2027-01-10T12:00:00Z');
  const gpu = await meteredPrice(stripe, '200');
  const calls = await meteredPrice(stripe, '0.001');
  const customer = await customerWithCard(stripe);
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: gpu.price.id }, { price: calls.price.id }],
    billing_cycle_anchor_config: FIRST_OF_MONTH,
    proration_behavior: 'none',
  });
  await use(stripe, gpu, customer.id, '1.25');
  await use(stripe, gpu, customer.id, '0.5');
  await use(stripe, calls, customer.id, '123456');
  await at(context, '2027-02-01T00:30:00Z');
  const renewed = await stripe.subscriptions.retrieve(subscription.id);
  expect(renewed.items.data).toMatchObject(
    [0, 1].map(() => ({
      current_period_start: unix('2027-02-01T00:00:00Z'),
      current_period_end: unix('2027-03-01T00:00:00Z'),
    })),
  );
  const invoice = idOf(renewed.latest_invoice);
  expect(await stripe.invoices.retrieve(invoice)).toMatchObject({
    status: 'draft',
    auto_advance: true,
    automatically_finalizes_at: unix('2027-02-01T01:00:00Z'),
    billing_reason: 'subscription_cycle',
    created: unix('2027-02-01T00:00:00Z'),
    period_end: unix('2027-02-01T00:00:00Z'),
    total: 350 + 123,
  });
  // Usage of the month that comes in while the invoice is a draft still counts.
  await use(stripe, gpu, customer.id, '1', unix('2027-01-31T23:59:59Z'));
  await at(context, '2027-02-01T01:01:00Z');
  const paid = await stripe.invoices.retrieve(invoice, { expand: ['payments'] });
  expect(paid).toMatchObject({
    status: 'paid',
    amount_paid: 550 + 123,
    attempt_count: 1,
    payments: { data: [{ status: 'paid', amount_paid: 673 }] },
  });
  expect(paid.lines.data).toMatchObject([
    { amount: 550, period: { start: subscription.start_date, end: unix('2027-02-01T00:00:00Z') } },
    { amount: 123 },
  ]);
  expect(paid.lines.data.map(({ quantity_decimal: quantity }) => String(quantity))).toEqual([
    '2.75',
    '123456',
  ]);
  expect(await eventsAbout(stripe, invoice)).toEqual([
    'invoice.created',
    'invoice.finalized',
    'invoice.updated',
    'invoice.paid',
    'invoice.payment_succeeded',
  ]);
  const [event] = (await stripe.events.list({ type: 'customer.subscription.updated' })).data;
  expect(event?.data).toMatchObject({
    previous_attributes: {
      latest_invoice: null,
      items: { data: [{ current_period_end: unix('2027-02-01T00:00:00Z') }, {}] },
    },
  });
});

test('months that pass at once each make their invoice, at their own moment', async () => {
  const { stripe } = context;
  await at(context, '2027-01-31T10:00:00Z');
  const seat = await seatPrice(stripe);
  const customer = await customerWithCard(stripe);
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: seat.id }],
  });
  await at(context, '2027-05-15T00:00:00Z');
  const { data } = await stripe.invoices.list({ subscription: subscription.id });
  expect(data.map(({ created, status, total }) => [minute(created), status, total])).toEqual(
    ['2027-04-30T10:00:00Z', '2027-03-31T10:00:00Z', '2027-02-28T10:00:00Z', '2027-01-31T10:00:00Z'].map(
      (moment) => [unix(moment), 'paid', 1_500],
    ),
  );
  expect(data.map(({ status_transitions: { paid_at: paidAt } }) => minute(paidAt))).toEqual(
    ['2027-04-30T11:00:00Z', '2027-03-31T11:00:00Z', '2027-02-28T11:00:00Z', '2027-01-31T10:00:00Z'].map(
      unix,
    ),
  );
  const [item] = (await stripe.subscriptions.retrieve(subscription.id)).items.data;
  expect(minute(item?.current_period_end ?? 0)).toBe(unix('2027-05-31T10:00:00Z'));
});

test.each([29, 30, 31])(
  'an anchor on day %i ends short months on their last day, and the others on it',
  async (day) => {
    const { stripe } = context;
    await at(context, '2027-02-03T00:00:00Z');
    const { price } = await meteredPrice(stripe, '1');
    const customer = await stripe.customers.create({});
    const { id, billing_cycle_anchor: anchor } = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      billing_cycle_anchor_config: { ...FIRST_OF_MONTH, day_of_month: day },
    });
    expect(anchor).toBe(unix('2027-02-28T00:00:00Z'));
    for (const [month, last] of [
      [3, 31],
      [4, 30],
      [5, 31],
    ] as const) {
      const [item] = (await stripe.subscriptions.retrieve(id)).items.data;
      await context.sim.clock(item?.current_period_end ?? 0);
      const [next] = (await stripe.subscriptions.retrieve(id)).items.data;
      expect(next?.current_period_end).toBe(Date.UTC(2027, month - 1, Math.min(day, last)) / 1_000);
    }
  },
);

test('a package price rounds its packages as it says', async () => {
  const { stripe } = context;
  await at(context, '2027-01-10T00:00:00Z');
  const minutes = await meteredPrice(stripe, '1000', { transform_quantity: { divide_by: 60, round: 'up' } });
  const customer = await customerWithCard(stripe);
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: minutes.price.id }],
  });
  await use(stripe, minutes, customer.id, '61');
  await at(context, '2027-02-10T02:00:00Z');
  const { data } = await stripe.invoices.list({ subscription: subscription.id });
  expect(data).toMatchObject([{ total: 2_000, status: 'paid' }]);
});

test('items of different intervals renew each in its own time', async () => {
  const { stripe } = context;
  await at(context, '2027-01-04T00:00:00Z');
  const weekly = await meteredPrice(stripe, '100', { interval: 'week' });
  const monthly = await seatPrice(stripe);
  const customer = await customerWithCard(stripe);
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: monthly.id }, { price: weekly.price.id }],
  });
  await use(stripe, weekly, customer.id, '3');
  await at(context, '2027-01-12T00:00:00Z');
  const renewed = await stripe.subscriptions.retrieve(subscription.id);
  expect(renewed.items.data.map((item) => minute(item.current_period_end))).toEqual([
    unix('2027-02-04T00:00:00Z'),
    unix('2027-01-18T00:00:00Z'),
  ]);
  expect(await stripe.invoices.retrieve(idOf(renewed.latest_invoice))).toMatchObject({
    total: 300,
    lines: { data: [{ amount: 300 }] },
  });
});

test('a pending invoice item joins the next cycle', async () => {
  const { stripe } = context;
  await at(context, '2027-01-10T00:00:00Z');
  const seat = await seatPrice(stripe);
  const customer = await customerWithCard(stripe);
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: seat.id }],
  });
  await stripe.invoiceItems.create({ customer: customer.id, amount: 700, currency: 'usd' });
  await at(context, '2027-02-10T02:00:00Z');
  const { latest_invoice: latest } = await stripe.subscriptions.retrieve(subscription.id);
  expect(await stripe.invoices.retrieve(idOf(latest))).toMatchObject({ total: 2_200, status: 'paid' });
});

test('an invoice that is sent is due in some days, and overdue makes the subscription past due', async () => {
  const { stripe } = context;
  await at(context, '2027-01-10T00:00:00Z');
  const seat = await seatPrice(stripe);
  const customer = await stripe.customers.create({ email: 'a@example.com' });
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: seat.id }],
    collection_method: 'send_invoice',
    days_until_due: 10,
  });
  expect(subscription.status).toBe('active');
  await at(context, '2027-01-10T01:01:00Z');
  const invoice = idOf(subscription.latest_invoice);
  expect(await stripe.invoices.retrieve(invoice)).toMatchObject({
    status: 'open',
    next_payment_attempt: null,
    attempt_count: 0,
  });
  await at(context, '2027-01-20T00:01:00Z');
  expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('past_due');
  expect(await eventsAbout(stripe, invoice)).toContain('invoice.overdue');
  await stripe.invoices.pay(invoice, { paid_out_of_band: true });
  expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
});

test.each([
  ['keep_as_draft', 'draft'],
  ['mark_uncollectible', 'uncollectible'],
  ['void', 'void'],
] as const)('a paused collection leaves its invoices as %s says', async (behavior, status) => {
  const { stripe } = context;
  await at(context, '2027-01-10T00:00:00Z');
  const seat = await seatPrice(stripe);
  const customer = await customerWithCard(stripe);
  const { id } = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: seat.id }] });
  await stripe.subscriptions.update(id, {
    pause_collection: { behavior, resumes_at: unix('2027-03-01T00:00:00Z') },
  });
  await at(context, '2027-02-10T02:00:00Z');
  const paused = await stripe.subscriptions.retrieve(id);
  expect(paused.status).toBe('active');
  expect((await stripe.invoices.retrieve(idOf(paused.latest_invoice))).status).toBe(status);
  await at(context, '2027-03-10T02:00:00Z');
  const resumed = await stripe.subscriptions.retrieve(id);
  expect(resumed.pause_collection).toBeNull();
  expect((await stripe.invoices.retrieve(idOf(resumed.latest_invoice))).status).toBe('paid');
});

test('a pause without an end outlives the end of the one before it', async () => {
  const { stripe } = context;
  await at(context, '2027-01-10T00:00:00Z');
  const seat = await seatPrice(stripe);
  const customer = await customerWithCard(stripe);
  const { id } = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: seat.id }] });
  await stripe.subscriptions.update(id, {
    pause_collection: { behavior: 'void', resumes_at: unix('2027-02-01T00:00:00Z') },
  });
  await stripe.subscriptions.update(id, { pause_collection: '' });
  await stripe.subscriptions.update(id, { pause_collection: { behavior: 'void' } });
  await at(context, '2027-02-10T02:00:00Z');
  const paused = await stripe.subscriptions.retrieve(id);
  expect(paused.pause_collection).toEqual({ behavior: 'void', resumes_at: null });
  expect((await stripe.invoices.retrieve(idOf(paused.latest_invoice))).status).toBe('void');
});

test('classic billing mode shows metered items from the start, flexible does not', async () => {
  const { stripe } = context;
  const { price } = await meteredPrice(stripe, '1');
  const customer = await stripe.customers.create({});
  const items = [{ price: price.id }];
  const flexible = await stripe.subscriptions.create({ customer: customer.id, items });
  expect(flexible).toMatchObject({ billing_mode: { type: 'flexible' }, latest_invoice: null });
  const classic = await stripe.subscriptions.create({
    customer: customer.id,
    items,
    billing_mode: { type: 'classic' },
    expand: ['latest_invoice'],
  });
  expect(classic).toMatchObject({
    billing_mode: { type: 'classic' },
    latest_invoice: { status: 'paid', total: 0, billing_reason: 'subscription_create' },
  });
});
