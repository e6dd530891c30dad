/** Whatever can be made can also be retrieved, listed, and where Stripe allows it, updated. */
import type Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { customerWithCard, draftOf, eventually, failureOf, idOf } from './support.ts';
import type { Target } from './target.ts';
import { onStripe, startTarget, unique } from './target.ts';

let context: Target;
let customer: Stripe.Customer;
let paid: Stripe.Invoice;

beforeAll(async () => {
  context = await startTarget();
  const { stripe } = context;
  customer = await customerWithCard(stripe);
  const draft = await draftOf(stripe, customer.id, 1_000);
  await stripe.invoices.finalizeInvoice(draft.id);
  await stripe.invoices.pay(draft.id);
  paid = await stripe.invoices.retrieve(draft.id, { expand: ['payments'] });
});

afterAll(() => context[Symbol.asyncDispose]());

test('the account', async () => {
  expect(await context.stripe.accounts.retrieveCurrent()).toMatchObject({ object: 'account' });
});

test('a product and its price', async () => {
  const { stripe } = context;
  const product = await stripe.products.create({ name: 'First', metadata: { a: '1' } });
  const price = await stripe.prices.create({ product: product.id, currency: 'usd', unit_amount: 100 });
  expect(await stripe.products.retrieve(product.id)).toMatchObject({ name: 'First', active: true });
  const changes = { name: 'Second', statement_descriptor: 'SECOND' };
  expect(await stripe.products.update(product.id, changes)).toMatchObject({
    ...changes,
    metadata: { a: '1' },
  });
  expect(await stripe.products.update(product.id, { description: 'Of two' })).toMatchObject(changes);
  expect((await stripe.products.list({ ids: [product.id] })).data).toMatchObject([{ name: 'Second' }]);
  const read = await stripe.prices.retrieve(price.id);
  expect([read.unit_amount, String(read.unit_amount_decimal)]).toEqual([100, '100']);
  expect(await stripe.prices.update(price.id, { active: false })).toMatchObject({ active: false });
});

test('a meter is listed as long as it is active', async () => {
  const { stripe } = context;
  const meter = await stripe.billing.meters.create({
    display_name: 'Read',
    event_name: unique('read_meter'),
    default_aggregation: { formula: 'sum' },
  });
  const { data } = await stripe.billing.meters.list({ status: 'active', limit: 100 });
  expect(data.map(({ id }) => id)).toContain(meter.id);
});

test('a payment: its intent, its charge, what the invoice says of it, and its refund', async () => {
  const { stripe } = context;
  const [payment] = (await stripe.invoicePayments.list({ invoice: paid.id })).data;
  expect(await stripe.invoicePayments.retrieve(payment?.id ?? '')).toMatchObject({
    invoice: paid.id,
    amount_paid: 1_000,
    status: 'paid',
  });
  const intent = idOf(payment?.payment.payment_intent);
  expect(await stripe.paymentIntents.retrieve(intent)).toMatchObject({ amount: 1_000, status: 'succeeded' });
  expect(await stripe.paymentIntents.update(intent, { metadata: { a: '1' } })).toMatchObject({
    metadata: { a: '1' },
  });
  expect((await stripe.paymentIntents.list({ customer: customer.id })).data).toHaveLength(1);
  const [charge] = (await stripe.charges.list({ payment_intent: intent })).data;
  expect(await stripe.charges.retrieve(charge?.id ?? '')).toMatchObject({ amount: 1_000, paid: true });
  const refund = await stripe.refunds.create({ charge: charge?.id ?? '', amount: 400 });
  expect(await stripe.refunds.retrieve(refund.id)).toMatchObject({ amount: 400, charge: charge?.id });
  expect((await stripe.refunds.list({ payment_intent: intent })).data).toHaveLength(1);
  expect(await failureOf(stripe.refunds.create({ payment_intent: intent, amount: 601 }))).toMatchObject({
    statusCode: 400,
  });
});

test('a payment method, of itself and of its customer', async () => {
  const { stripe } = context;
  const id = idOf(customer.invoice_settings.default_payment_method);
  await stripe.paymentMethods.update(id, { billing_details: { name: 'Jenny', address: { city: 'Bern' } } });
  await stripe.paymentMethods.update(id, { billing_details: { email: 'jenny@example.com' } });
  expect(await stripe.paymentMethods.retrieve(id)).toMatchObject({
    billing_details: { address: { city: 'Bern', line1: null }, email: 'jenny@example.com', name: 'Jenny' },
  });
  expect(await stripe.customers.retrievePaymentMethod(customer.id, id)).toMatchObject({
    card: { last4: '4242' },
  });
});

test('an invoice item that waits can be deleted', async () => {
  const { stripe } = context;
  const item = await stripe.invoiceItems.create({ customer: customer.id, amount: 100, currency: 'usd' });
  expect(await stripe.invoiceItems.retrieve(item.id)).toMatchObject({ amount: 100, invoice: null });
  expect(await stripe.invoiceItems.del(item.id)).toMatchObject({ id: item.id, deleted: true });
  expect(await failureOf(stripe.invoiceItems.retrieve(item.id))).toMatchObject({ code: 'resource_missing' });
});

test('Checkout sessions, their lines and their setup intents', async () => {
  const { stripe } = context;
  const success_url = 'https://example.com/done';
  const setup = await stripe.checkout.sessions.create({
    mode: 'setup',
    currency: 'usd',
    customer: customer.id,
    success_url,
  });
  const product = await stripe.products.create({ name: 'Credits' });
  const payment = await stripe.checkout.sessions.create({
    mode: 'payment',
    customer: customer.id,
    success_url,
    line_items: [{ price_data: { currency: 'usd', unit_amount: 100, product: product.id }, quantity: 3 }],
  });
  const { data } = await stripe.checkout.sessions.list({ customer: customer.id });
  expect(data.map(({ id }) => id)).toEqual([payment.id, setup.id]);
  expect((await stripe.checkout.sessions.listLineItems(payment.id)).data).toMatchObject([
    { quantity: 3, amount_total: 300, description: 'Credits' },
  ]);
});

test.skipIf(onStripe)('setup intents and events', async () => {
  const { stripe } = context;
  expect((await stripe.setupIntents.list({ customer: customer.id })).data).toHaveLength(1);
  const [event] = await eventually(async () => {
    const { data } = await stripe.events.list({ type: 'invoice.paid' });
    return data.length > 0 ? data : undefined;
  });
  expect(await stripe.events.retrieve(event?.id ?? '')).toMatchObject({ data: { object: { id: paid.id } } });
});

test('which invoice a payment intent has paid', async () => {
  const { stripe } = context;
  const draft = await draftOf(stripe, customer.id, 700);
  await stripe.invoices.finalizeInvoice(draft.id);
  await stripe.invoices.pay(draft.id);
  const [payment] = (await stripe.invoicePayments.list({ invoice: draft.id })).data;
  const payment_intent = idOf(payment?.payment.payment_intent);
  const list = (filter: Stripe.InvoicePaymentListParams) => stripe.invoicePayments.list(filter);
  const found = await list({ payment: { type: 'payment_intent', payment_intent } });
  expect(found.data).toMatchObject([{ id: payment?.id, invoice: draft.id }]);
  const ofAnother = await list({ payment: { type: 'payment_intent', payment_intent }, invoice: paid.id });
  expect(ofAnother.data).toEqual([]);
  expect((await list({ payment: { type: 'payment_intent' }, invoice: paid.id })).data).toHaveLength(1);
  expect((await list({ payment: { type: 'payment_record' }, invoice: paid.id })).data).toEqual([]);
});
