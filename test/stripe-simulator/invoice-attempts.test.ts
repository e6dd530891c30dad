/** Which attempts at an invoice count. https://docs.stripe.com/api/invoices/object#invoice_object-attempt_count */
import type Stripe from 'stripe';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { at, eventsAbout, minute, seatPrice, unix } from './subscription-support.ts';
import type { TestSimulator } from './support.ts';
import { customerWithCard, draftOf, eventually, failureOf, idOf, startTestSimulator } from './support.ts';

let context: TestSimulator;

beforeEach(async () => {
  context = await startTestSimulator();
  await at(context, '2027-01-10T00:00:00Z');
});

afterEach(() => context[Symbol.asyncDispose]());

const FAILS = 'pm_card_chargeCustomerFail';
const WANTS_OWNER = 'pm_card_authenticationRequired';

/** An invoice whose first attempt, Stripe's own, has failed. */
async function failedOnce(card = FAILS): Promise<{ customer: Stripe.Customer; invoice: Stripe.Invoice }> {
  const { stripe } = context;
  const customer = await customerWithCard(stripe, card);
  const draft = await draftOf(stripe, customer.id, 1_000);
  await stripe.invoices.finalizeInvoice(draft.id, { auto_advance: true });
  const invoice = await eventually(async () => {
    const found = await stripe.invoices.retrieve(draft.id);
    return found.attempted ? found : undefined;
  });
  return { customer, invoice };
}

/** A subscription whose card refuses, or wants its owner, from the next month on. */
async function subscribedWith(card: string): Promise<() => Promise<Stripe.Subscription>> {
  const { stripe } = context;
  const customer = await customerWithCard(stripe);
  const { id } = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: (await seatPrice(stripe)).id }],
  });
  const other = await stripe.paymentMethods.attach(card, { customer: customer.id });
  await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: other.id } });
  return () => stripe.subscriptions.retrieve(id);
}

test('an attempt by hand that fails after the first leaves the count and the schedule as they are', async () => {
  const { stripe } = context;
  const { invoice } = await failedOnce();
  const { id, next_payment_attempt: next } = invoice;
  expect(minute(next)).toBe(unix('2027-01-13T00:00:00Z'));
  const before = await eventsAbout(stripe, id);
  await at(context, '2027-01-11T00:00:00Z');
  expect(await failureOf(stripe.invoices.pay(id))).toMatchObject({ statusCode: 402, code: 'card_declined' });
  expect(await stripe.invoices.retrieve(id)).toEqual(invoice);
  expect(await eventsAbout(stripe, id)).toEqual([...before, 'invoice.payment_failed']);
  // The retry comes on its day, and is the second attempt that counts.
  await at(context, '2027-01-13T00:01:00Z');
  const retried = await stripe.invoices.retrieve(id);
  expect(retried.attempt_count).toBe(2);
  expect(minute(retried.next_payment_attempt)).toBe(unix('2027-01-18T00:00:00Z'));
});

test('neither does one that wants the owner, or finds no card', async () => {
  const { stripe } = context;
  const { customer, invoice } = await failedOnce();
  const { id } = invoice;
  const before = await eventsAbout(stripe, id);
  const other = await stripe.paymentMethods.attach(WANTS_OWNER, { customer: customer.id });
  const asked = stripe.invoices.pay(id, { payment_method: other.id });
  expect((await failureOf(asked)).code).toBe('invoice_payment_intent_requires_action');
  for (const { id: method } of (await stripe.customers.listPaymentMethods(customer.id)).data)
    await stripe.paymentMethods.detach(method);
  expect((await failureOf(stripe.invoices.pay(id))).code).toBe('missing');
  expect(await stripe.invoices.retrieve(id)).toEqual(invoice);
  expect(await eventsAbout(stripe, id)).toEqual([
    ...before,
    'invoice.payment_failed',
    'invoice.payment_action_required',
    'invoice.payment_failed',
  ]);
});

test('the first attempt counts, whoever makes it, and starts the schedule', async () => {
  await using hourly = await startTestSimulator({ collectionDelayMs: 3_600_000 });
  const { stripe } = hourly;
  await at(hourly, '2027-01-10T00:00:00Z');
  const customer = await customerWithCard(stripe, FAILS);
  const { id } = await draftOf(stripe, customer.id, 1_000);
  const open = await stripe.invoices.finalizeInvoice(id, { auto_advance: true });
  expect(minute(open.next_payment_attempt)).toBe(unix('2027-01-10T01:00:00Z'));
  expect((await failureOf(stripe.invoices.pay(id))).code).toBe('card_declined');
  const failed = await stripe.invoices.retrieve(id);
  expect(failed).toMatchObject({ attempt_count: 1, attempted: true });
  expect(minute(failed.next_payment_attempt)).toBe(unix('2027-01-13T00:00:00Z'));
  expect((await eventsAbout(stripe, id)).slice(-2)).toEqual(['invoice.updated', 'invoice.payment_failed']);
  await at(hourly, '2027-01-10T02:00:00Z');
  expect((await stripe.charges.list({ customer: customer.id })).data).toHaveLength(1);
});

test('a payment by hand after the first attempt does not count, and ends the schedule', async () => {
  const { stripe } = context;
  const { customer, invoice } = await failedOnce();
  const good = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
  const paid = { status: 'paid', attempt_count: 1, next_payment_attempt: null };
  expect(await stripe.invoices.pay(invoice.id, { payment_method: good.id })).toMatchObject(paid);
  await at(context, '2027-01-14T00:00:00Z');
  expect(await stripe.invoices.retrieve(invoice.id)).toMatchObject(paid);
  expect((await stripe.charges.list({ customer: customer.id })).data).toHaveLength(2);
});

test('an attempt by hand is never the last retry, which ends a subscription', async () => {
  const { stripe } = context;
  const current = await subscribedWith(FAILS);
  await at(context, '2027-02-20T00:00:00Z');
  const invoice = idOf((await current()).latest_invoice);
  expect(await stripe.invoices.retrieve(invoice)).toMatchObject({ attempt_count: 3 });
  await failureOf(stripe.invoices.pay(invoice));
  expect((await current()).status).toBe('past_due');
  await at(context, '2027-02-25T01:01:00Z');
  expect(await stripe.invoices.retrieve(invoice)).toMatchObject({ attempt_count: 4 });
  expect((await current()).status).toBe('canceled');
});

test('a subscription invoice that waits for its owner is not charged again by itself', async () => {
  const { stripe } = context;
  const current = await subscribedWith(WANTS_OWNER);
  await at(context, '2027-02-11T00:00:00Z');
  const invoice = await stripe.invoices.retrieve(idOf((await current()).latest_invoice));
  expect(invoice).toMatchObject({ status: 'open', attempt_count: 1, next_payment_attempt: null });
});
