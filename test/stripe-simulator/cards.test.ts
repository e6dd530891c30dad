import { afterAll, beforeAll, expect, test } from 'vitest';
import { customerWithCard, draftOf, eventually, failureOf, idOf } from './support.ts';
import type { Target } from './target.ts';
import { onStripe, startTarget } from './target.ts';

const DECLINED = '4000 0000 0000 0002';
const FAILS_LATER = '4000 0000 0000 0341';
const AUTHENTICATION = '4000 0025 0000 3155';

let context: Target;

beforeAll(async () => {
  context = await startTarget();
});

afterAll(() => context[Symbol.asyncDispose]());

async function setupSession() {
  const customer = await context.stripe.customers.create({});
  const session = await context.stripe.checkout.sessions.create({
    mode: 'setup',
    currency: 'usd',
    customer: customer.id,
    success_url: 'https://example.com/done',
  });
  return { customer, session };
}

/** Sets a card up as the customer's default, and finalizes an invoice over $10. */
async function chargeAfterSetup(card: string, authenticate: boolean) {
  const { stripe, sim } = context;
  const { customer, session } = await setupSession();
  expect(await sim.complete(session.id, card, authenticate)).toMatchObject({ outcome: 'complete' });
  const [method] = (await stripe.customers.listPaymentMethods(customer.id)).data;
  await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: idOf(method) } });
  const draft = await draftOf(stripe, customer.id, 1_000);
  await stripe.invoices.finalizeInvoice(draft.id, { auto_advance: true });
  return eventually(async () => {
    const invoice = await stripe.invoices.retrieve(draft.id);
    return invoice.attempted ? invoice : undefined;
  });
}

test.skipIf(onStripe)(
  'a card that is declined at setup leaves the session open and saves nothing',
  async () => {
    const { stripe, sim } = context;
    const { customer, session } = await setupSession();
    expect(await sim.complete(session.id, DECLINED)).toMatchObject({
      status: 402,
      error: { code: 'card_declined', decline_code: 'generic_decline' },
    });
    expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
    expect((await stripe.customers.listPaymentMethods(customer.id)).data).toHaveLength(0);
    const intent = await stripe.setupIntents.retrieve(idOf(session.setup_intent));
    expect(intent.last_setup_error?.code).toBe('card_declined');
    expect(await sim.complete(session.id, '4242424242424242')).toMatchObject({ outcome: 'complete' });
  },
);

test.skipIf(onStripe)(
  'a card that fails later is saved, and its charge fails with a date for the next try',
  async () => {
    const { stripe } = context;
    const invoice = await chargeAfterSetup(FAILS_LATER, false);
    expect(invoice).toMatchObject({ status: 'open', attempt_count: 1, amount_paid: 0 });
    expect(invoice.next_payment_attempt).toBeGreaterThan(invoice.created);
    const [event] = (await stripe.events.list({ type: 'invoice.payment_failed' })).data;
    expect(event).toMatchObject({ data: { object: { id: invoice.id, attempt_count: 1 } } });
  },
);

test.skipIf(onStripe)(
  'a card that wants its owner waits for the authentication, and may be charged after it',
  async () => {
    const { stripe, sim } = context;
    const { session } = await setupSession();
    expect(await sim.complete(session.id, AUTHENTICATION)).toMatchObject({
      status: 200,
      outcome: 'requires_action',
    });
    expect((await stripe.setupIntents.retrieve(idOf(session.setup_intent))).status).toBe('requires_action');
    expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
    expect(await sim.complete(session.id, AUTHENTICATION, true)).toMatchObject({ outcome: 'complete' });
    expect(await chargeAfterSetup(AUTHENTICATION, true)).toMatchObject({ status: 'paid' });
  },
);

test.skipIf(onStripe)('a card that was never authenticated is not charged off session', async () => {
  const { stripe } = context;
  const customer = await customerWithCard(stripe, 'pm_card_authenticationRequiredOnSetup');
  const draft = await draftOf(stripe, customer.id, 1_000);
  await stripe.invoices.finalizeInvoice(draft.id);
  expect(await failureOf(stripe.invoices.pay(draft.id))).toMatchObject({
    statusCode: 402,
    type: 'StripeCardError',
    code: 'invoice_payment_intent_requires_action',
  });
  const [event] = (await stripe.events.list({ type: 'invoice.payment_action_required' })).data;
  expect(event).toMatchObject({ data: { object: { id: draft.id, next_payment_attempt: null } } });
});

test('paying by hand with a card that fails is a 402, and the failed charge stays on record', async () => {
  const { stripe } = context;
  const customer = await customerWithCard(stripe, 'pm_card_chargeCustomerFail');
  const draft = await draftOf(stripe, customer.id, 1_000);
  await stripe.invoices.finalizeInvoice(draft.id);
  expect(await failureOf(stripe.invoices.pay(draft.id))).toMatchObject({
    statusCode: 402,
    code: 'card_declined',
    decline_code: 'generic_decline',
  });
  const [charge] = (await stripe.charges.list({ customer: customer.id })).data;
  expect(charge).toMatchObject({ status: 'failed', failure_code: 'card_declined' });
  expect(await stripe.invoices.retrieve(draft.id)).toMatchObject({ status: 'open', attempt_count: 1 });

  const good = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
  expect(await stripe.invoices.pay(draft.id, { payment_method: good.id })).toMatchObject({
    status: 'paid',
    attempt_count: 1,
  });
});

test.each([
  ['pm_card_visa_chargeDeclined', 'card_declined', 'generic_decline'],
  ['pm_card_visa_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
  ['pm_card_visa_chargeDeclinedLostCard', 'card_declined', 'lost_card'],
  ['pm_card_visa_chargeDeclinedStolenCard', 'card_declined', 'stolen_card'],
  ['pm_card_visa_chargeDeclinedVelocityLimitExceeded', 'card_declined', 'card_velocity_exceeded'],
  ['pm_card_chargeDeclinedExpiredCard', 'expired_card', ''],
  ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', ''],
  ['pm_card_chargeDeclinedProcessingError', 'processing_error', ''],
])('%s is refused as %s', async (card, code, declineCode) => {
  const { stripe } = context;
  const customer = await stripe.customers.create({});
  const error = await failureOf(stripe.paymentMethods.attach(card, { customer: customer.id }));
  expect(error).toMatchObject({ type: 'StripeCardError', statusCode: 402, code });
  expect(error.decline_code).toBe(declineCode);
});

test('an invoice of a customer without a card stays open, and nothing is tried again', async () => {
  const { stripe } = context;
  const customer = await stripe.customers.create({});
  const draft = await draftOf(stripe, customer.id, 1_000);
  await stripe.invoices.finalizeInvoice(draft.id, { auto_advance: true });
  const failed = await eventually(async () => {
    const invoice = await stripe.invoices.retrieve(draft.id);
    return invoice.attempted ? invoice : undefined;
  });
  expect(failed).toMatchObject({ status: 'open', next_payment_attempt: null });
  expect(await failureOf(stripe.invoices.pay(draft.id))).toMatchObject({ statusCode: 402 });
});

test.skipIf(onStripe)('a failed charge is tried again when its date has come', async () => {
  const { stripe, sim } = context;
  const invoice = await chargeAfterSetup(FAILS_LATER, false);
  await sim.clock((invoice.next_payment_attempt ?? 0) + 1);
  expect(await stripe.invoices.retrieve(invoice.id)).toMatchObject({ attempt_count: 2, status: 'open' });
});

test.skipIf(onStripe)(
  'a detached card is gone as a default, and its event names the customer it left',
  async () => {
    const { stripe } = context;
    const customer = await customerWithCard(stripe);
    const method = idOf(customer.invoice_settings.default_payment_method);
    expect((await stripe.paymentMethods.detach(method)).customer).toBeNull();
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({
      invoice_settings: { default_payment_method: null },
    });
    const [event] = (await stripe.events.list({ type: 'payment_method.detached' })).data;
    expect(event?.data).toMatchObject({
      object: { id: method, customer: null },
      previous_attributes: { customer: customer.id },
    });
  },
);
