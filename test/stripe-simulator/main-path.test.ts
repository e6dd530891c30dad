import Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Receiver, TestSimulator } from './support.ts';
import { eventually, idOf, startReceiver, startTestSimulator } from './support.ts';

let context: TestSimulator;
let receiver: Receiver;

beforeAll(async () => {
  context = await startTestSimulator();
  receiver = await startReceiver();
});

afterAll(async () => {
  await receiver[Symbol.asyncDispose]();
  await context[Symbol.asyncDispose]();
});

test('a customer goes from a meter to a paid invoice, and every event arrives signed', async () => {
  const { stripe, sim } = context;
  const endpoint = await stripe.webhookEndpoints.create({ url: receiver.url, enabled_events: ['*'] });
  const secret = endpoint.secret ?? '';
  expect(secret).toMatch(/^whsec_/);

  const meter = await stripe.billing.meters.create({
    display_name: 'API calls',
    event_name: 'api_calls',
    default_aggregation: { formula: 'sum' },
  });
  const product = await stripe.products.create({ name: 'API calls' });
  const price = await stripe.prices.create({
    product: product.id,
    currency: 'usd',
    recurring: { interval: 'month', usage_type: 'metered', meter: meter.id },
    unit_amount_decimal: Stripe.Decimal.from('0.001'),
  });
  expect(price.unit_amount).toBeNull();
  expect(String(price.unit_amount_decimal)).toBe('0.001');

  const customer = await stripe.customers.create({ email: 'a@example.com', metadata: { user: 'u1' } });
  const session = await stripe.checkout.sessions.create({
    mode: 'setup',
    currency: 'usd',
    customer: customer.id,
    success_url: 'https://example.com/done?session={CHECKOUT_SESSION_ID}',
  });
  expect(session.url).toContain(`/_sim/checkout/${session.id}`);
  expect(await sim.complete(session.id, '4242 4242 4242 4242')).toMatchObject({
    status: 200,
    outcome: 'complete',
  });

  const completed = await stripe.checkout.sessions.retrieve(session.id, {
    expand: ['setup_intent.payment_method'],
  });
  expect(completed).toMatchObject({ status: 'complete', payment_status: 'no_payment_required' });
  const intent = completed.setup_intent;
  if (intent === null || typeof intent === 'string') throw new Error('setup_intent was not expanded');
  expect(intent.payment_method).toMatchObject({
    object: 'payment_method',
    customer: customer.id,
    card: { last4: '4242' },
  });

  // Setup mode sets no default: that is the caller's business.
  const before = await stripe.customers.retrieve(customer.id);
  expect(before).toMatchObject({ invoice_settings: { default_payment_method: null } });
  await stripe.customers.update(customer.id, {
    invoice_settings: { default_payment_method: idOf(intent.payment_method) },
  });

  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
    billing_cycle_anchor_config: { day_of_month: 1, hour: 0, minute: 0, second: 0 },
    proration_behavior: 'none',
  });
  expect(subscription.status).toBe('active');
  const [item] = subscription.items.data;
  expect(new Date((item?.current_period_end ?? 0) * 1_000).toISOString()).toMatch(/-01T00:00:00.000Z$/);
  expect(item).not.toHaveProperty('quantity');

  // Everything on it is metered, so there is nothing to start with.
  expect(subscription.latest_invoice).toBeNull();

  const draft = await stripe.invoices.create({
    customer: customer.id,
    auto_advance: false,
    pending_invoice_items_behavior: 'exclude',
    currency: 'usd',
    metadata: { bill: 'b1' },
  });
  const filled = await stripe.invoices.addLines(draft.id, {
    lines: [
      {
        description: 'CPU hours',
        price_data: { currency: 'usd', product: product.id, unit_amount_decimal: Stripe.Decimal.from('10') },
        quantity_decimal: Stripe.Decimal.from('123.45'),
        metadata: { product: 'cpu_hour' },
      },
      { description: 'Credits', amount: -200 },
    ],
  });
  // 123.45 × 10 cents is 1,234.5: rounded half up, once.
  expect(filled.lines.data.map(({ amount }) => amount)).toEqual([1_235, -200]);
  expect(String(filled.lines.data[0]?.quantity_decimal)).toBe('123.45');
  expect(filled.subtotal).toBe(1_035);

  const finalized = await stripe.invoices.finalizeInvoice(draft.id, { auto_advance: true });
  expect(finalized).toMatchObject({ status: 'open', amount_due: 1_035 });
  const paid = await eventually(async () => {
    const invoice = await stripe.invoices.retrieve(draft.id, { expand: ['payments'] });
    return invoice.status === 'paid' ? invoice : undefined;
  }, 'the charge');
  expect(paid).toMatchObject({ amount_paid: 1_035, amount_remaining: 0, attempt_count: 1 });
  expect(paid.payments?.data[0]).toMatchObject({ amount_paid: 1_035, status: 'paid' });

  const events = await eventually(() => {
    const verified = receiver.received.map(({ payload, signature }) =>
      stripe.webhooks.constructEvent(payload, signature, secret),
    );
    return verified.some(
      (event) => event.type === 'invoice.payment_succeeded' && event.data.object.id === draft.id,
    )
      ? verified
      : undefined;
  }, 'the webhook');
  expect(new Set(events.map(({ type }) => type))).toEqual(
    new Set([
      'billing.meter.created',
      'product.created',
      'price.created',
      'customer.created',
      'setup_intent.created',
      'payment_method.attached',
      'setup_intent.succeeded',
      'checkout.session.completed',
      'customer.updated',
      'customer.subscription.created',
      'invoice.created',
      'invoice.updated',
      'invoice.finalized',
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.succeeded',
      'invoice_payment.paid',
      'invoice.paid',
      'invoice.payment_succeeded',
    ]),
  );
  for (const event of events)
    expect(event).toMatchObject({ livemode: false, api_version: '2026-10-28.endive' });
});

test('an event tells which request caused it, and what the object was at that moment', async () => {
  const { stripe } = context;
  const customer = await stripe.customers.create({ name: 'First' }, { idempotencyKey: 'snapshot-1' });
  await stripe.customers.update(customer.id, { name: 'Second', metadata: { a: '1' } });
  const [updated, created] = (await stripe.events.list({ types: ['customer.created', 'customer.updated'] }))
    .data;
  expect(created).toMatchObject({
    type: 'customer.created',
    data: { object: { name: 'First' } },
    request: { id: customer.lastResponse.requestId, idempotency_key: 'snapshot-1' },
  });
  expect(updated).toMatchObject({
    type: 'customer.updated',
    data: { object: { name: 'Second' }, previous_attributes: { name: 'First', metadata: { a: null } } },
  });
});

test('a payment-mode session is paid once, and its lines are listed', async () => {
  const { stripe, sim } = context;
  const session = await stripe.checkout.sessions.create({
    mode: 'payment',
    customer_email: 'a@example.com',
    success_url: 'https://example.com/done',
    line_items: [
      { price_data: { currency: 'usd', unit_amount: 100, product_data: { name: 'Credits' } }, quantity: 25 },
    ],
    metadata: { credits: '25' },
  });
  expect(session).toMatchObject({ amount_total: 2_500, payment_status: 'unpaid' });
  await sim.complete(session.id, '4242424242424242');
  const paid = await stripe.checkout.sessions.retrieve(session.id, {
    expand: ['payment_intent.latest_charge', 'line_items'],
  });
  expect(paid).toMatchObject({
    status: 'complete',
    payment_status: 'paid',
    payment_intent: { status: 'succeeded', latest_charge: { paid: true, amount: 2_500 } },
    line_items: { data: [{ quantity: 25, amount_total: 2_500 }] },
  });
  expect(await sim.complete(session.id, '4242424242424242')).toMatchObject({ status: 400 });

  const intent = paid.payment_intent;
  await stripe.refunds.create({ payment_intent: idOf(intent), amount: 500 });
  const charge = await stripe.charges.list({ payment_intent: idOf(intent) });
  expect(charge.data[0]).toMatchObject({ amount_refunded: 500, refunded: false });
});
