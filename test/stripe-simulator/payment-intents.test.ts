/** Payment intents made directly. */
import type Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventsAbout } from './subscription-support.ts';
import type { TestSimulator } from './support.ts';
import { customerWithCard, draftOf, failureOf, idOf, startTestSimulator } from './support.ts';

let context: TestSimulator;

beforeAll(async () => {
  context = await startTestSimulator();
});

afterAll(() => context[Symbol.asyncDispose]());

const RETURN_URL = 'https://example.com/done?order=7';

const pay = (method: string, more: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  context.stripe.paymentIntents.create({
    amount: 2_000,
    currency: 'usd',
    payment_method: method,
    confirm: true,
    return_url: RETURN_URL,
    ...more,
  });

/** What a person does on the page that the intent leads to. Returns where he is sent. */
async function authenticate(intent: Stripe.PaymentIntent, choice: 'complete' | 'fail'): Promise<URL> {
  const url = intent.next_action?.redirect_to_url?.url ?? '';
  expect(await (await fetch(url)).text()).toContain('3-D Secure');
  const body = new URLSearchParams({ card: '', authenticate: choice });
  const response = await fetch(url, { method: 'POST', body, redirect: 'manual' });
  expect(response.status).toBe(303);
  return new URL(response.headers.get('location') ?? '');
}

test('an intent goes from nothing over its method to paid, with its events', async () => {
  const { stripe } = context;
  const { id: customer } = await stripe.customers.create({});
  const created = await stripe.paymentIntents.create({
    amount: 1_500,
    currency: 'usd',
    customer,
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    description: 'an order',
  });
  const { id } = created;
  expect(created).toMatchObject({ status: 'requires_payment_method', amount: 1_500, latest_charge: null });
  expect(await failureOf(stripe.paymentIntents.confirm(id))).toMatchObject({
    statusCode: 400,
    code: 'payment_intent_unexpected_state',
  });
  const ready = await stripe.paymentIntents.update(id, {
    amount: 2_500,
    payment_method: 'pm_card_visa',
    metadata: { order: '7' },
  });
  expect(ready).toMatchObject({ status: 'requires_confirmation', amount: 2_500, metadata: { order: '7' } });
  const paid = await stripe.paymentIntents.confirm(id, { expand: ['latest_charge'] });
  expect(paid).toMatchObject({
    status: 'succeeded',
    amount_received: 2_500,
    latest_charge: { amount_captured: 2_500, captured: true, description: 'an order', customer },
  });
  expect(await eventsAbout(stripe, id)).toEqual(['payment_intent.created', 'payment_intent.succeeded']);
  expect(await eventsAbout(stripe, idOf(paid.latest_charge))).toEqual(['charge.succeeded']);
  expect((await stripe.paymentIntents.list({ customer })).data).toMatchObject([{ id }]);
  expect((await stripe.customers.listPaymentMethods(customer)).data).toEqual([]);
});

test('a payment is refunded by its intent', async () => {
  const { id } = await pay('pm_card_visa');
  await context.stripe.refunds.create({ payment_intent: id, amount: 500 });
  expect(await context.stripe.paymentIntents.retrieve(id, { expand: ['latest_charge'] })).toMatchObject({
    latest_charge: { amount_refunded: 500, refunded: false },
  });
});

test('a declined card is a 402 with the intent, which takes another card', async () => {
  const { stripe } = context;
  const error = await failureOf(pay('pm_card_visa_chargeDeclinedInsufficientFunds'));
  expect(error).toMatchObject({
    statusCode: 402,
    type: 'StripeCardError',
    code: 'card_declined',
    decline_code: 'insufficient_funds',
  });
  const id = idOf(error.payment_intent);
  const failed = await stripe.paymentIntents.retrieve(id);
  expect(failed).toMatchObject({
    status: 'requires_payment_method',
    payment_method: null,
    last_payment_error: { code: 'card_declined', type: 'card_error' },
  });
  expect(await eventsAbout(stripe, idOf(failed.latest_charge))).toEqual(['charge.failed']);
  const paid = await stripe.paymentIntents.confirm(id, {
    payment_method: 'pm_card_visa',
    return_url: RETURN_URL,
  });
  expect(paid).toMatchObject({ status: 'succeeded', last_payment_error: null });
  expect(await eventsAbout(stripe, id)).toEqual([
    'payment_intent.created',
    'payment_intent.payment_failed',
    'payment_intent.succeeded',
  ]);
});

test('a card that wants its owner leads to the page of its bank, and back', async () => {
  const { stripe } = context;
  const { id: customer } = await stripe.customers.create({});
  const waiting = await pay('pm_card_authenticationRequiredOnSetup', {
    customer,
    setup_future_usage: 'off_session',
  });
  expect(waiting).toMatchObject({
    status: 'requires_action',
    next_action: { type: 'redirect_to_url', redirect_to_url: { return_url: RETURN_URL } },
  });
  const back = await authenticate(waiting, 'complete');
  expect(Object.fromEntries(back.searchParams)).toEqual({
    order: '7',
    payment_intent: waiting.id,
    payment_intent_client_secret: waiting.client_secret,
    redirect_status: 'succeeded',
  });
  expect(await stripe.paymentIntents.retrieve(waiting.id)).toMatchObject({
    status: 'succeeded',
    next_action: null,
  });
  expect(await eventsAbout(stripe, waiting.id)).toEqual([
    'payment_intent.created',
    'payment_intent.requires_action',
    'payment_intent.succeeded',
  ]);
  // Saved for later with its owner there: so it is charged without him, though not before him.
  const [saved] = (await stripe.customers.listPaymentMethods(customer)).data;
  const later = await pay(idOf(saved), { customer, off_session: true });
  expect(later.status).toBe('succeeded');
  expect((await pay(idOf(saved), { customer })).status).toBe('requires_action');
});

test('an owner who fails to authenticate leaves the intent without a method', async () => {
  const waiting = await pay('pm_card_authenticationRequired');
  const back = await authenticate(waiting, 'fail');
  expect(back.searchParams.get('redirect_status')).toBe('failed');
  expect(await context.stripe.paymentIntents.retrieve(waiting.id)).toMatchObject({
    status: 'requires_payment_method',
    last_payment_error: { code: 'payment_intent_authentication_failure' },
  });
});

test('without its owner such a card is declined, and without a way back Stripe.js would ask him', async () => {
  for (const absent of [{ off_session: true }, { error_on_requires_action: true }]) {
    const error = await failureOf(pay('pm_card_authenticationRequired', absent));
    expect(error).toMatchObject({ statusCode: 402, code: 'authentication_required' });
  }
  const waiting = await context.stripe.paymentIntents.create({
    amount: 100,
    currency: 'usd',
    payment_method: 'pm_card_authenticationRequired',
    allowed_payment_method_types: ['card'],
    confirm: true,
  });
  expect(waiting).toMatchObject({ status: 'requires_action', next_action: { type: 'use_stripe_sdk' } });
  const missing = context.stripe.paymentIntents.create({
    amount: 100,
    currency: 'usd',
    payment_method: 'pm_card_visa',
    confirm: true,
  });
  expect((await failureOf(missing)).message).toContain('you must provide a `return_url`');
});

test('money is held, and captured in part; only that part can be refunded', async () => {
  const { stripe } = context;
  const held = await pay('pm_card_visa', { capture_method: 'manual' });
  expect(held).toMatchObject({ status: 'requires_capture', amount_capturable: 2_000, amount_received: 0 });
  const charge = idOf(held.latest_charge);
  expect(await failureOf(stripe.refunds.create({ charge }))).toMatchObject({ statusCode: 400 });
  const tooMuch = stripe.paymentIntents.capture(held.id, { amount_to_capture: 2_001 });
  expect(await failureOf(tooMuch)).toMatchObject({ param: 'amount_to_capture' });
  const captured = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 1_200 });
  expect(captured).toMatchObject({ status: 'succeeded', amount_received: 1_200, amount_capturable: 0 });
  await stripe.refunds.create({ charge });
  expect(await stripe.charges.retrieve(charge)).toMatchObject({ amount_refunded: 1_200, refunded: true });
  expect(await eventsAbout(stripe, held.id)).toEqual([
    'payment_intent.created',
    'payment_intent.amount_capturable_updated',
    'payment_intent.succeeded',
  ]);
  expect(await eventsAbout(stripe, charge)).toEqual([
    'charge.succeeded',
    'charge.captured',
    'charge.refunded',
  ]);
  expect(await failureOf(stripe.paymentIntents.capture(held.id))).toMatchObject({
    code: 'payment_intent_unexpected_state',
  });
});

test('what is canceled releases the money, and is over', async () => {
  const { stripe } = context;
  const { id, latest_charge: charge } = await pay('pm_card_visa', { capture_method: 'manual' });
  const canceled = await stripe.paymentIntents.cancel(id, { cancellation_reason: 'abandoned' });
  expect(canceled).toMatchObject({ status: 'canceled', cancellation_reason: 'abandoned' });
  expect(canceled.canceled_at).not.toBeNull();
  expect(await stripe.charges.retrieve(idOf(charge))).toMatchObject({ captured: false, refunded: true });
  for (const call of [
    stripe.paymentIntents.cancel(id),
    stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_visa' }),
    stripe.paymentIntents.update(id, { amount: 100 }),
  ]) {
    const error = await failureOf(call);
    expect(error).toMatchObject({ statusCode: 400, code: 'payment_intent_unexpected_state' });
    expect(error.payment_intent).toMatchObject({ id, status: 'canceled' });
  }
  expect(await stripe.paymentIntents.update(id, { description: 'over' })).toMatchObject({
    description: 'over',
    status: 'canceled',
  });
});

test('an intent of an invoice or a Checkout session is theirs to confirm and cancel', async () => {
  const { stripe } = context;
  const customer = await customerWithCard(stripe, 'pm_card_chargeCustomerFail');
  const draft = await draftOf(stripe, customer.id, 1_000);
  await failureOf(stripe.invoices.pay(draft.id));
  await stripe.checkout.sessions.create({
    mode: 'payment',
    customer: customer.id,
    success_url: RETURN_URL,
    line_items: [
      { price_data: { currency: 'usd', unit_amount: 900, product_data: { name: 'x' } }, quantity: 1 },
    ],
  });
  const { data } = await stripe.paymentIntents.list({ customer: customer.id });
  expect(data).toHaveLength(2);
  for (const { id } of data) {
    expect((await failureOf(stripe.paymentIntents.cancel(id))).message).toContain('belongs to');
    expect(await stripe.paymentIntents.update(id, { metadata: { a: 'b' } })).toMatchObject({ id });
  }
});

test.each<[string, Partial<Stripe.PaymentIntentCreateParams>, object]>([
  ['too little', { amount: 49 }, { code: 'amount_too_small', param: 'amount' }],
  ['too much', { amount: 100_000_000 }, { code: 'amount_too_large', param: 'amount' }],
  ['no such customer', { customer: 'cus_none' }, { code: 'resource_missing', param: 'customer' }],
  ['off_session without confirm', { confirm: false, off_session: true }, { statusCode: 400 }],
])('%s is refused, and nothing is made', async (_what, wrong, expected) => {
  const { stripe } = context;
  const [before] = (await stripe.paymentIntents.list({ limit: 1 })).data;
  expect(await failureOf(pay('pm_card_visa', wrong))).toMatchObject(expected);
  expect((await stripe.paymentIntents.list({ limit: 1 })).data[0]?.id).toBe(before?.id);
});

test("another customer's card is refused", async () => {
  const { invoice_settings: settings } = await customerWithCard(context.stripe);
  expect(await failureOf(pay(idOf(settings.default_payment_method)))).toMatchObject({
    param: 'payment_method',
  });
});

test('a declined payment is replayed under its idempotency key, and charged once', async () => {
  const { stripe } = context;
  const { id: customer } = await stripe.customers.create({});
  const attempt = () =>
    stripe.paymentIntents.create(
      {
        amount: 700,
        currency: 'usd',
        customer,
        payment_method: 'pm_card_chargeDeclined',
        allowed_payment_method_types: ['card'],
        confirm: true,
      },
      { idempotencyKey: 'declined-once' },
    );
  const [first, second] = [await failureOf(attempt()), await failureOf(attempt())];
  expect(idOf(first.payment_intent)).toBe(idOf(second.payment_intent));
  expect((await stripe.charges.list({ customer })).data).toHaveLength(1);
});
