import Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { customerWithCard, draftOf, failureOf } from './support.ts';
import type { Target } from './target.ts';
import { startTarget, unique } from './target.ts';

let context: Target;

beforeAll(async () => {
  context = await startTarget();
});

afterAll(() => context[Symbol.asyncDispose]());

test('a total of nothing is paid at once', async () => {
  const { stripe } = context;
  const customer = await stripe.customers.create({});
  const draft = await draftOf(stripe, customer.id, 0);
  expect(await stripe.invoices.finalizeInvoice(draft.id)).toMatchObject({ status: 'paid', amount_paid: 0 });
});

test('a total below the minimum charge is paid by a debt on the balance, which the next invoice collects', async () => {
  const { stripe } = context;
  const customer = await customerWithCard(stripe);
  const small = await draftOf(stripe, customer.id, 49);
  expect(await stripe.invoices.finalizeInvoice(small.id)).toMatchObject({
    status: 'paid',
    total: 49,
    amount_due: 0,
    amount_paid: 0,
    ending_balance: 49,
  });
  expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ balance: 49 });
  const next = await draftOf(stripe, customer.id, 1_000);
  expect(await stripe.invoices.finalizeInvoice(next.id)).toMatchObject({
    amount_due: 1_049,
    starting_balance: 49,
  });
  expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ balance: 0 });
  expect(await stripe.invoices.pay(next.id)).toMatchObject({ status: 'paid', amount_paid: 1_049 });
});

test('a negative total becomes credit, which the next invoice uses', async () => {
  const { stripe } = context;
  const customer = await stripe.customers.create({});
  const credit = await draftOf(stripe, customer.id, -300);
  expect(await stripe.invoices.finalizeInvoice(credit.id)).toMatchObject({
    status: 'paid',
    total: -300,
    amount_due: 0,
  });
  const next = await draftOf(stripe, customer.id, 1_000);
  expect(await stripe.invoices.finalizeInvoice(next.id)).toMatchObject({ status: 'open', amount_due: 700 });
  const { data } = await stripe.customers.listBalanceTransactions(customer.id);
  expect(data.map(({ amount }) => amount)).toEqual([300, -300]);
  await stripe.invoices.voidInvoice(next.id);
  expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ balance: -300 });
});

test('250 lines go in with one call, ten are shown, all are listed; one more is refused', async () => {
  const { stripe } = context;
  const customer = await stripe.customers.create({});
  const draft = await stripe.invoices.create({ customer: customer.id, currency: 'usd' });
  const lines = Array.from({ length: 250 }, (_, index) => ({ amount: index, description: `line ${index}` }));
  const filled = await stripe.invoices.addLines(draft.id, { lines });
  expect(filled).toMatchObject({ total: 31_125, lines: { has_more: true } });
  expect(filled.lines.data).toHaveLength(10);
  const all = await stripe.invoices
    .listLineItems(draft.id, { limit: 100 })
    .autoPagingToArray({ limit: 1_000 });
  expect(all.map(({ description }) => description)).toEqual(lines.map(({ description }) => description));
  expect(await failureOf(stripe.invoices.addLines(draft.id, { lines: [{ amount: 1 }] }))).toMatchObject({
    statusCode: 400,
  });
});

test('a refused line leaves nothing of the call behind', async () => {
  const { stripe } = context;
  const customer = await stripe.customers.create({});
  const draft = await stripe.invoices.create({ customer: customer.id, currency: 'usd' });
  const lines = [
    { amount: 100 },
    { price_data: { currency: 'usd', product: 'prod_nothing', unit_amount: 1 } },
  ];
  expect(await failureOf(stripe.invoices.addLines(draft.id, { lines }))).toMatchObject({
    code: 'resource_missing',
    param: 'lines[1][price_data][product]',
  });
  expect((await stripe.invoices.retrieve(draft.id)).lines.data).toHaveLength(0);
  expect((await stripe.invoiceItems.list({ customer: customer.id })).data).toHaveLength(0);
});

test('a recurring price is refused on an invoice', async () => {
  const { stripe } = context;
  const customer = await stripe.customers.create({});
  const meter = await stripe.billing.meters.create({
    display_name: 'm',
    event_name: unique('recurring_refused'),
    default_aggregation: { formula: 'sum' },
  });
  const price = await stripe.prices.create({
    currency: 'usd',
    product_data: { name: 'm' },
    recurring: { interval: 'month', usage_type: 'metered', meter: meter.id },
    unit_amount: 1,
  });
  const draft = await stripe.invoices.create({ customer: customer.id, currency: 'usd' });
  const lines = [{ pricing: { price: price.id }, quantity_decimal: Stripe.Decimal.from('2') }];
  expect(await failureOf(stripe.invoices.addLines(draft.id, { lines }))).toMatchObject({ statusCode: 400 });
});

test('what is finalized can neither be edited nor deleted nor finalized again', async () => {
  const { stripe } = context;
  const customer = await stripe.customers.create({});
  const draft = await draftOf(stripe, customer.id, 1_000);
  await stripe.invoices.finalizeInvoice(draft.id);
  const refused = { code: 'invoice_not_editable', statusCode: 400 };
  expect(await failureOf(stripe.invoices.addLines(draft.id, { lines: [{ amount: 1 }] }))).toMatchObject(
    refused,
  );
  expect(await failureOf(stripe.invoices.finalizeInvoice(draft.id))).toMatchObject(refused);
  expect(await failureOf(stripe.invoices.del(draft.id))).toMatchObject(refused);
  expect(await stripe.invoices.update(draft.id, { metadata: { a: '1' } })).toMatchObject({
    metadata: { a: '1' },
  });
  expect(await stripe.invoices.markUncollectible(draft.id)).toMatchObject({ status: 'uncollectible' });
  expect(await stripe.invoices.pay(draft.id, { paid_out_of_band: true })).toMatchObject({ status: 'paid' });
});

test('a deleted draft is gone', async () => {
  const { stripe } = context;
  const customer = await stripe.customers.create({});
  const draft = await draftOf(stripe, customer.id, 1_000);
  expect(await stripe.invoices.del(draft.id)).toMatchObject({ id: draft.id, deleted: true });
  expect(await failureOf(stripe.invoices.retrieve(draft.id))).toMatchObject({ statusCode: 404 });
});

test('invoices are found again by customer and metadata, newest first', async () => {
  const { stripe } = context;
  const customer = await stripe.customers.create({});
  for (const bill of ['a', 'b', 'c']) {
    await stripe.invoices.create({ customer: customer.id, currency: 'usd', metadata: { bill } });
  }
  const { data } = await stripe.invoices.list({ customer: customer.id, status: 'draft' });
  expect(data.map(({ metadata }) => metadata?.['bill'])).toEqual(['c', 'b', 'a']);
});

test('an invoice item without an invoice joins the next one that includes it', async () => {
  const { stripe } = context;
  const customer = await stripe.customers.create({});
  await stripe.invoiceItems.create({ customer: customer.id, amount: 700, currency: 'usd' });
  const without = await stripe.invoices.create({ customer: customer.id, currency: 'usd' });
  expect(without.total).toBe(0);
  const included = await stripe.invoices.create({
    customer: customer.id,
    currency: 'usd',
    pending_invoice_items_behavior: 'include',
  });
  expect(included.total).toBe(700);
});
