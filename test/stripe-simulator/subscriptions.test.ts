import Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { customerWithCard, failureOf, idOf } from './support.ts';
import type { Target } from './target.ts';
import { onStripe, startTarget, unique } from './target.ts';

let context: Target;

beforeAll(async () => {
  context = await startTarget();
});

afterAll(() => context[Symbol.asyncDispose]());

let meters = 0;

async function meteredPrice(): Promise<Stripe.Price> {
  const { stripe } = context;
  meters += 1;
  const meter = await stripe.billing.meters.create({
    display_name: 'm',
    event_name: unique(`meter_${meters}`),
    default_aggregation: { formula: 'sum' },
  });
  return stripe.prices.create({
    currency: 'usd',
    product_data: { name: `Product ${meters}` },
    recurring: { interval: 'month', usage_type: 'metered', meter: meter.id },
    unit_amount_decimal: Stripe.Decimal.from('0.001'),
  });
}

test('a metered price has to name a meter', async () => {
  const { stripe } = context;
  const error = await failureOf(
    stripe.prices.create({
      currency: 'usd',
      product_data: { name: 'p' },
      recurring: { interval: 'month', usage_type: 'metered' },
      unit_amount: 1,
    }),
  );
  expect(error).toMatchObject({ statusCode: 400, param: 'recurring[meter]' });
});

test('a metered item takes no quantity', async () => {
  const { stripe } = context;
  const customer = await stripe.customers.create({});
  const items = [{ price: (await meteredPrice()).id, quantity: 1 }];
  const error = await failureOf(stripe.subscriptions.create({ customer: customer.id, items }));
  expect(error).toMatchObject({ statusCode: 400, param: 'items[0][quantity]' });
});

test('a subscription has at most 20 items', async () => {
  const { stripe } = context;
  const customer = await stripe.customers.create({});
  const price = await meteredPrice();
  const items = Array.from({ length: 21 }, () => ({ price: price.id }));
  expect(await failureOf(stripe.subscriptions.create({ customer: customer.id, items }))).toMatchObject({
    param: 'items',
  });
});

test.skipIf(onStripe)(
  'several metered items are anchored on the first of the month, and start without an invoice',
  async () => {
    const { stripe, sim } = context;
    await sim.clock('2027-01-31T12:34:56Z');
    const customer = await stripe.customers.create({});
    const prices = [await meteredPrice(), await meteredPrice()];
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: prices.map(({ id }) => ({ price: id })),
      billing_cycle_anchor_config: { day_of_month: 1, hour: 0, minute: 0, second: 0 },
      proration_behavior: 'none',
      metadata: { user: 'u1' },
      expand: ['latest_invoice.payments', 'items.data.price.product'],
    });
    expect(subscription.billing_cycle_anchor).toBe(Date.UTC(2027, 1, 1) / 1_000);
    expect(subscription.items.data.map(({ current_period_end: end }) => end)).toEqual(
      prices.map(() => Date.UTC(2027, 1, 1) / 1_000),
    );
    expect(subscription).toMatchObject({
      latest_invoice: null,
      status: 'active',
      items: { data: [{ price: { product: { object: 'product' } } }, {}] },
    });
  },
);

test.skipIf(onStripe)(
  'an update says what changed, and a list without status leaves out the canceled',
  async () => {
    const { stripe } = context;
    const customer = await stripe.customers.create({});
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: (await meteredPrice()).id }],
    });
    const added = await meteredPrice();
    const updated = await stripe.subscriptions.update(subscription.id, {
      items: [{ price: added.id }],
      metadata: { plan: 'a' },
    });
    expect(updated.items.data).toHaveLength(2);
    const [event] = (await stripe.events.list({ type: 'customer.subscription.updated' })).data;
    expect(event?.data).toMatchObject({ previous_attributes: { metadata: { plan: null } } });

    expect(await stripe.subscriptions.cancel(subscription.id)).toMatchObject({ status: 'canceled' });
    const listed = async (status?: 'all') =>
      (
        await stripe.subscriptions.list({
          customer: customer.id,
          ...(status === undefined ? {} : { status }),
        })
      ).data.length;
    expect(await listed()).toBe(0);
    expect(await listed('all')).toBe(1);
    const [deleted] = (await stripe.events.list({ type: 'customer.subscription.deleted' })).data;
    expect(deleted).toMatchObject({ data: { object: { id: subscription.id, status: 'canceled' } } });
  },
);

test.skipIf(onStripe)('cancellation at the end of the period happens then, by the clock', async () => {
  const { stripe, sim } = context;
  const customer = await stripe.customers.create({});
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: (await meteredPrice()).id }],
  });
  const ending = await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
  expect(ending).toMatchObject({ status: 'active', cancel_at_period_end: true });
  await sim.clock((ending.cancel_at ?? 0) + 1);
  expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'canceled' });
});

test('a licensed price is charged in advance; a card that fails leaves the subscription incomplete', async () => {
  const { stripe } = context;
  const price = await stripe.prices.create({
    currency: 'usd',
    product_data: { name: 'Seat' },
    recurring: { interval: 'month' },
    unit_amount: 1_500,
  });
  const good = await customerWithCard(stripe);
  const items = [{ price: price.id, quantity: 2 }];
  const active = await stripe.subscriptions.create({ customer: good.id, items, expand: ['latest_invoice'] });
  expect(active).toMatchObject({ status: 'active', latest_invoice: { amount_paid: 3_000 } });

  const bad = await customerWithCard(stripe, 'pm_card_chargeCustomerFail');
  const incomplete = await stripe.subscriptions.create({ customer: bad.id, items });
  expect(incomplete.status).toBe('incomplete');
  const refused = stripe.subscriptions.create({
    customer: bad.id,
    items,
    payment_behavior: 'error_if_incomplete',
  });
  expect(await failureOf(refused)).toMatchObject({ statusCode: 402 });

  const fixed = await stripe.paymentMethods.attach('pm_card_visa', { customer: bad.id });
  await stripe.invoices.pay(idOf(incomplete.latest_invoice), { payment_method: fixed.id });
  expect((await stripe.subscriptions.retrieve(incomplete.id)).status).toBe('active');
});

test.skipIf(onStripe)('meter events are summed, per customer and window', async () => {
  const { stripe, sim } = context;
  const price = await meteredPrice();
  const meter = price.recurring?.meter ?? '';
  const customer = await stripe.customers.create({});
  const now = await sim.now();
  const summaries = async () =>
    (
      await stripe.billing.meters.listEventSummaries(meter, {
        customer: customer.id,
        start_time: Math.floor(now / 60) * 60 - 60,
        end_time: Math.floor(now / 60) * 60 + 120,
      })
    ).data;
  expect(await summaries()).toMatchObject([{ aggregated_value: 0 }]);
  const { event_name: eventName } = await stripe.billing.meters.retrieve(meter);
  for (const value of ['0.1', '0.2']) {
    await stripe.billing.meterEvents.create({
      event_name: eventName,
      payload: { stripe_customer_id: customer.id, value },
      timestamp: now,
    });
  }
  expect(await summaries()).toMatchObject([{ aggregated_value: 0.3 }]);
});
