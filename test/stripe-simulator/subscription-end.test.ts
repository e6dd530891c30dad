import type Stripe from 'stripe';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { at, eventsAbout, meteredPrice, minute, seatPrice, unix, use } from './subscription-support.ts';
import type { TestSimulator } from './support.ts';
import { customerWithCard, failureOf, idOf, startTestSimulator } from './support.ts';

let context: TestSimulator;

beforeEach(async () => {
  context = await startTestSimulator();
  await at(context, '2027-01-10T00:00:00Z');
});

afterEach(() => context[Symbol.asyncDispose]());

/** A subscription whose first month was paid, and whose card fails from then on. */
async function withFailingCard() {
  const { stripe } = context;
  const seat = await seatPrice(stripe);
  const customer = await customerWithCard(stripe);
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: seat.id }],
  });
  const bad = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customer.id });
  await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: bad.id } });
  return { customer, subscription };
}

const current = (subscription: { id: string }): Promise<Stripe.Subscription> =>
  context.stripe.subscriptions.retrieve(subscription.id);

test('a failing card is tried again after 3, 5 and 7 days, in sight', async () => {
  const { stripe } = context;
  const { subscription, customer } = await withFailingCard();
  const attempts: number[] = [];
  for (const moment of ['02-10T01:01:00Z', '02-13T01:01:00Z', '02-18T01:01:00Z']) {
    await at(context, `2027-${moment}`);
    expect((await current(subscription)).status).toBe('past_due');
    const invoice = await stripe.invoices.retrieve(idOf((await current(subscription)).latest_invoice));
    attempts.push(minute(invoice.next_payment_attempt));
  }
  expect(attempts).toEqual(
    ['02-13T01:00:00Z', '02-18T01:00:00Z', '02-25T01:00:00Z'].map((moment) => unix(`2027-${moment}`)),
  );
  const good = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
  await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: good.id } });
  await at(context, '2027-02-25T01:01:00Z');
  const paid = await stripe.invoices.retrieve(idOf((await current(subscription)).latest_invoice));
  expect(paid).toMatchObject({ status: 'paid', attempt_count: 4 });
  expect((await current(subscription)).status).toBe('active');
});

test.each([
  ['cancel', 'canceled'],
  ['unpaid', 'unpaid'],
  ['past_due', 'past_due'],
] as const)('after the last retry the setting %s leaves it %s', async (afterDunning, status) => {
  const { stripe, sim } = context;
  const { subscription } = await withFailingCard();
  expect((await sim.call('POST', '/settings', { afterDunning })).status).toBe(200);
  await at(context, '2027-02-25T01:01:00Z');
  const ended = await current(subscription);
  expect(ended.status).toBe(status);
  const invoice = await stripe.invoices.retrieve(idOf(ended.latest_invoice));
  expect(invoice).toMatchObject({ status: 'open', attempt_count: 4, next_payment_attempt: null });
  if (afterDunning === 'cancel') expect(ended.cancellation_details?.reason).toBe('payment_failed');
  await at(context, '2027-03-10T02:00:00Z');
  const { latest_invoice: latest } = await current(subscription);
  const next = await stripe.invoices.retrieve(idOf(latest));
  expect(next.status).toBe({ canceled: 'open', unpaid: 'draft', past_due: 'open' }[status]);
  expect(next.id === invoice.id).toBe(status === 'canceled');
});

test('a card that is never to be tried again leaves it past due until dunning is over', async () => {
  const { stripe } = context;
  const { subscription, customer } = await withFailingCard();
  for (const { id } of (await stripe.paymentMethods.list({ customer: customer.id })).data)
    await stripe.paymentMethods.detach(id);
  await at(context, '2027-02-24T00:00:00Z');
  expect((await current(subscription)).status).toBe('past_due');
  const invoice = await stripe.invoices.retrieve(idOf((await current(subscription)).latest_invoice));
  expect(invoice.next_payment_attempt).toBeNull();
  await at(context, '2027-02-25T02:00:00Z');
  expect((await current(subscription)).status).toBe('canceled');
});

test('an incomplete subscription expires after 23 hours, and its invoice is void', async () => {
  const { stripe } = context;
  const seat = await seatPrice(stripe);
  const customer = await customerWithCard(stripe, 'pm_card_chargeCustomerFail');
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: seat.id }],
  });
  await at(context, '2027-01-10T22:59:00Z');
  expect((await current(subscription)).status).toBe('incomplete');
  await at(context, '2027-01-10T23:01:00Z');
  const expired = await current(subscription);
  expect(expired.status).toBe('incomplete_expired');
  expect(minute(expired.ended_at)).toBe(unix('2027-01-10T23:00:00Z'));
  expect((await stripe.invoices.retrieve(idOf(subscription.latest_invoice))).status).toBe('void');
  expect(await eventsAbout(stripe, subscription.id)).toEqual([
    'customer.subscription.created',
    'customer.subscription.updated',
  ]);
});

test('an end at the end of the period bills what was used until then', async () => {
  const { stripe } = context;
  const usage = await meteredPrice(stripe, '100');
  const customer = await customerWithCard(stripe);
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: usage.price.id }],
  });
  await use(stripe, usage, customer.id, '4');
  await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
  await at(context, '2027-02-10T02:00:00Z');
  const ended = await current(subscription);
  expect(ended.status).toBe('canceled');
  expect(minute(ended.ended_at)).toBe(unix('2027-02-10T00:00:00Z'));
  const { data } = await stripe.invoices.list({ subscription: subscription.id });
  expect(data).toMatchObject([{ status: 'paid', total: 400, billing_reason: 'subscription_cycle' }]);
});

test('an end at a moment comes at that moment, and can be taken back', async () => {
  const { stripe } = context;
  const usage = await meteredPrice(stripe, '100');
  const customer = await customerWithCard(stripe);
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: usage.price.id }],
    cancel_at: unix('2027-01-20T00:00:00Z'),
  });
  await stripe.subscriptions.update(subscription.id, { cancel_at: '' });
  await at(context, '2027-01-21T00:00:00Z');
  expect((await current(subscription)).status).toBe('active');
  await use(stripe, usage, customer.id, '5');
  await stripe.subscriptions.update(subscription.id, { cancel_at: unix('2027-01-25T00:00:00Z') });
  await at(context, '2027-01-26T00:00:00Z');
  expect((await current(subscription)).status).toBe('canceled');
  const { data } = await stripe.invoices.list({ subscription: subscription.id });
  expect(data).toMatchObject([{ total: 500, period_end: unix('2027-01-25T00:00:00Z') }]);
  const past = stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: usage.price.id }],
    cancel_at: unix('2026-01-01T00:00:00Z'),
  });
  expect(await failureOf(past)).toMatchObject({ param: 'cancel_at' });
});

test('an end now bills what was used only with `invoice_now`', async () => {
  const { stripe } = context;
  const usage = await meteredPrice(stripe, '100');
  const customer = await customerWithCard(stripe);
  const create = () =>
    stripe.subscriptions.create({ customer: customer.id, items: [{ price: usage.price.id }] });
  const silent = await create();
  await use(stripe, usage, customer.id, '7');
  await at(context, '2027-01-11T00:00:00Z');
  await stripe.subscriptions.cancel(silent.id);
  expect((await stripe.invoices.list({ subscription: silent.id })).data).toEqual([]);
  const billed = await create();
  await use(stripe, usage, customer.id, '2');
  await at(context, '2027-01-12T00:00:00Z');
  const ended = await stripe.subscriptions.cancel(billed.id, {
    invoice_now: true,
    cancellation_details: { comment: 'moving on', feedback: 'unused' },
  });
  expect(ended).toMatchObject({
    status: 'canceled',
    cancellation_details: { comment: 'moving on', feedback: 'unused', reason: 'cancellation_requested' },
  });
  const [invoice] = (await stripe.invoices.list({ subscription: billed.id })).data;
  expect(invoice).toMatchObject({ total: 200, billing_reason: 'subscription_update' });
  await at(context, '2027-01-12T00:01:00Z');
  expect((await stripe.invoices.retrieve(invoice?.id ?? '')).status).toBe('paid');
});

test('an anchor has to be of the next period', async () => {
  const { stripe } = context;
  const { price } = await meteredPrice(stripe, '1');
  const customer = await stripe.customers.create({});
  for (const moment of ['2027-01-09T00:00:00Z', '2027-02-11T00:00:00Z']) {
    const refused = stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      billing_cycle_anchor: unix(moment),
    });
    expect(await failureOf(refused)).toMatchObject({ statusCode: 400, param: 'billing_cycle_anchor' });
  }
});
