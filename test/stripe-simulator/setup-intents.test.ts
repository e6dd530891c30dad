/** Setup intents made directly. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventsAbout } from './subscription-support.ts';
import type { TestSimulator } from './support.ts';
import { failureOf, idOf, startTestSimulator } from './support.ts';

let context: TestSimulator;

beforeAll(async () => {
  context = await startTestSimulator();
});

afterAll(() => context[Symbol.asyncDispose]());

const RETURN_URL = 'https://example.com/done';

async function setUp(method: string, returnUrl = RETURN_URL) {
  const { stripe } = context;
  const { id: customer } = await stripe.customers.create({});
  const intent = await stripe.setupIntents.create({
    customer,
    payment_method: method,
    confirm: true,
    return_url: returnUrl,
  });
  return { customer, intent };
}

const methodsOf = async (customer: string) =>
  (await context.stripe.customers.listPaymentMethods(customer)).data.map(({ id }) => id);

async function onBankPage(url: string | null | undefined, choice: 'complete' | 'fail'): Promise<string> {
  const body = new URLSearchParams({ card: '', authenticate: choice });
  const response = await fetch(url ?? '', { method: 'POST', body, redirect: 'manual' });
  return response.headers.get('location') ?? '';
}

test('a confirmed intent attaches its card to the customer', async () => {
  const { stripe } = context;
  const { customer, intent } = await setUp('pm_card_visa');
  expect(intent).toMatchObject({ status: 'succeeded', usage: 'off_session', customer });
  expect(await methodsOf(customer)).toEqual([idOf(intent.payment_method)]);
  expect(await eventsAbout(stripe, intent.id)).toEqual(['setup_intent.created', 'setup_intent.succeeded']);
  expect((await stripe.setupIntents.list({ payment_method: idOf(intent.payment_method) })).data).toHaveLength(
    1,
  );
});

test('an intent gets its customer and its card one after the other', async () => {
  const { stripe } = context;
  const { id: customer } = await stripe.customers.create({});
  const { id, status } = await stripe.setupIntents.create({
    allowed_payment_method_types: ['card'],
    usage: 'on_session',
  });
  expect(status).toBe('requires_payment_method');
  expect(await failureOf(stripe.setupIntents.confirm(id))).toMatchObject({
    statusCode: 400,
    code: 'setup_intent_unexpected_state',
  });
  await stripe.setupIntents.update(id, { customer, metadata: { a: 'b' } });
  const ready = await stripe.setupIntents.update(id, { payment_method: 'pm_card_visa' });
  expect(ready).toMatchObject({ status: 'requires_confirmation', customer, metadata: { a: 'b' } });
  expect(await stripe.setupIntents.confirm(id)).toMatchObject({ status: 'succeeded', usage: 'on_session' });
  expect(await methodsOf(customer)).toHaveLength(1);
  for (const call of [
    stripe.setupIntents.confirm(id),
    stripe.setupIntents.cancel(id),
    stripe.setupIntents.update(id, { payment_method: 'pm_card_amex' }),
  ]) {
    expect(await failureOf(call)).toMatchObject({ code: 'setup_intent_unexpected_state' });
  }
});

test('a card that its bank refuses is a 402 with the intent, and nothing is attached', async () => {
  const { stripe } = context;
  const error = await failureOf(setUp('pm_card_chargeDeclined'));
  expect(error).toMatchObject({ statusCode: 402, code: 'card_declined', decline_code: 'generic_decline' });
  const id = idOf(error.setup_intent);
  const failed = await stripe.setupIntents.retrieve(id);
  expect(failed).toMatchObject({
    status: 'requires_payment_method',
    last_setup_error: { code: 'card_declined' },
  });
  expect(await methodsOf(idOf(failed.customer))).toEqual([]);
  expect(await eventsAbout(stripe, id)).toEqual(['setup_intent.created', 'setup_intent.setup_failed']);
  const confirmed = await stripe.setupIntents.confirm(id, {
    payment_method: 'pm_card_visa',
    return_url: RETURN_URL,
  });
  expect(confirmed).toMatchObject({ status: 'succeeded', last_setup_error: null });
});

test('a card that wants its owner is saved once he has authenticated, and charged without him then', async () => {
  const { stripe } = context;
  const { customer, intent } = await setUp('pm_card_authenticationRequiredOnSetup');
  expect(intent).toMatchObject({ status: 'requires_action', next_action: { type: 'redirect_to_url' } });
  expect(await methodsOf(customer)).toEqual([]);
  const back = await onBankPage(intent.next_action?.redirect_to_url?.url, 'complete');
  expect(back).toContain(`${RETURN_URL}?setup_intent=${intent.id}&`);
  const [method = ''] = await methodsOf(customer);
  const paid = await stripe.paymentIntents.create({
    amount: 500,
    currency: 'usd',
    customer,
    payment_method: method,
    off_session: true,
    confirm: true,
  });
  expect(paid.status).toBe('succeeded');
  expect(await eventsAbout(stripe, intent.id)).toEqual([
    'setup_intent.created',
    'setup_intent.requires_action',
    'setup_intent.succeeded',
  ]);
});

test('an owner who fails to authenticate leaves the intent without a card; it can be canceled', async () => {
  const { stripe } = context;
  const { intent } = await setUp('pm_card_authenticationRequired');
  expect(await onBankPage(intent.next_action?.redirect_to_url?.url, 'fail')).toContain(
    'redirect_status=failed',
  );
  expect(await stripe.setupIntents.retrieve(intent.id)).toMatchObject({
    status: 'requires_payment_method',
    last_setup_error: { code: 'setup_intent_authentication_failure' },
  });
  const canceled = await stripe.setupIntents.cancel(intent.id, { cancellation_reason: 'duplicate' });
  expect(canceled).toMatchObject({ status: 'canceled', cancellation_reason: 'duplicate' });
  expect((await eventsAbout(stripe, intent.id)).at(-1)).toBe('setup_intent.canceled');
});

test('without a way back an intent that takes all methods is refused', async () => {
  const call = context.stripe.setupIntents.create({ payment_method: 'pm_card_visa', confirm: true });
  expect((await failureOf(call)).message).toContain('you must provide a `return_url`');
});
