import Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestSimulator } from './support.ts';
import { draftOf, failureOf, idOf, startTestSimulator } from './support.ts';

let context: TestSimulator;

beforeAll(async () => {
  context = await startTestSimulator();
});

afterAll(() => context[Symbol.asyncDispose]());

async function newDraft(lines: Stripe.InvoiceAddLinesParams.Line[]) {
  const { stripe } = context;
  const customer = await stripe.customers.create({});
  const draft = await stripe.invoices.create({ customer: customer.id, currency: 'usd' });
  return stripe.invoices.addLines(draft.id, { lines });
}

test('lines of a draft are changed, and what is not named of them stays', async () => {
  const { stripe } = context;
  const product = await stripe.products.create({ name: 'Hour' });
  const draft = await newDraft([
    {
      price_data: { currency: 'usd', product: product.id, unit_amount: 10 },
      quantity_decimal: Stripe.Decimal.from('2.5'),
      description: 'hours',
    },
    { amount: 100, description: 'fee' },
  ]);
  expect(draft.total).toBe(125);
  const [hours, fee] = draft.lines.data;
  const changed = await stripe.invoices.updateLines(draft.id, {
    lines: [
      { id: hours?.id ?? '', quantity_decimal: Stripe.Decimal.from('4') },
      { id: fee?.id ?? '', amount: 300, metadata: { why: 'more' } },
    ],
    invoice_metadata: { changed: 'yes' },
  });
  expect(changed).toMatchObject({
    total: 340,
    metadata: { changed: 'yes' },
    lines: {
      data: [
        { amount: 40, description: 'hours', quantity: 4 },
        { amount: 300, description: 'fee', metadata: { why: 'more' } },
      ],
    },
  });
  const line = await stripe.invoices.updateLineItem(draft.id, fee?.id ?? '', { description: 'service fee' });
  expect(line).toMatchObject({ object: 'line_item', amount: 300, description: 'service fee' });
  expect((await stripe.invoices.retrieve(draft.id)).total).toBe(340);
});

test('a removed line is deleted, or waits for the next invoice', async () => {
  const { stripe } = context;
  const draft = await newDraft([{ amount: 100 }, { amount: 200 }, { amount: 400 }]);
  const [first, second] = draft.lines.data;
  const left = await stripe.invoices.removeLines(draft.id, {
    lines: [
      { id: first?.id ?? '', behavior: 'delete' },
      { id: second?.id ?? '', behavior: 'unassign' },
    ],
  });
  expect(left).toMatchObject({ total: 400 });
  const items = await stripe.invoiceItems.list({ customer: idOf(draft.customer), pending: true });
  expect(items.data).toMatchObject([{ amount: 200, invoice: null }]);
});

test('lines of another invoice are not found, and those of a finalized one not changed', async () => {
  const { stripe } = context;
  const [one, other] = [await newDraft([{ amount: 100 }]), await newDraft([{ amount: 100 }])];
  const id = other.lines.data[0]?.id ?? '';
  expect(await failureOf(stripe.invoices.updateLines(one.id, { lines: [{ id, amount: 1 }] }))).toMatchObject({
    code: 'resource_missing',
    param: 'lines[0][id]',
  });
  await stripe.invoices.finalizeInvoice(other.id);
  expect(
    await failureOf(stripe.invoices.removeLines(other.id, { lines: [{ id, behavior: 'delete' }] })),
  ).toMatchObject({ code: 'invoice_not_editable' });
});

test('an invoice takes 250 lines, however they come; what is refused leaves nothing behind', async () => {
  const { stripe } = context;
  const lines = Array.from({ length: 251 }, () => ({ amount: 1 }));
  expect(await failureOf(newDraft(lines))).toMatchObject({ statusCode: 400, param: 'lines' });
  const full = await newDraft(lines.slice(1));
  const customer = idOf(full.customer);
  expect(await failureOf(stripe.invoices.addLines(full.id, { lines: [{ amount: 1 }] }))).toMatchObject({
    statusCode: 400,
    message: 'Invoices may have at most 250 line items.',
  });
  const item = { customer, amount: 1, currency: 'usd' };
  expect(await failureOf(stripe.invoiceItems.create({ ...item, invoice: full.id }))).toMatchObject({
    statusCode: 400,
  });
  expect((await stripe.invoices.retrieve(full.id)).total).toBe(250);
  expect((await stripe.invoiceItems.list({ customer, pending: true })).data).toEqual([]);

  for (const _ of lines) await stripe.invoiceItems.create(item);
  const withPending = { customer, pending_invoice_items_behavior: 'include' } as const;
  expect(await failureOf(stripe.invoices.create(withPending))).toMatchObject({ statusCode: 400 });
  expect((await stripe.invoices.list({ customer })).data).toMatchObject([{ id: full.id }]);
});

test('balance transactions move the balance, which the next invoice uses first', async () => {
  const { stripe } = context;
  const customer = await stripe.customers.create({});
  const gift = await stripe.customers.createBalanceTransaction(customer.id, {
    amount: -500,
    currency: 'usd',
    description: 'sorry',
    metadata: { ticket: '7' },
  });
  expect(gift).toMatchObject({
    amount: -500,
    ending_balance: -500,
    type: 'adjustment',
    metadata: { ticket: '7' },
  });
  const draft = await draftOf(stripe, customer.id, 300);
  expect(await stripe.invoices.finalizeInvoice(draft.id)).toMatchObject({
    status: 'paid',
    amount_due: 0,
    starting_balance: -500,
    ending_balance: -200,
  });
  const { data } = await stripe.customers.listBalanceTransactions(customer.id, { invoice: draft.id });
  expect(data).toMatchObject([{ amount: 300, type: 'applied_to_invoice' }]);
  expect(
    await stripe.customers.updateBalanceTransaction(customer.id, gift.id, { description: 'gift' }),
  ).toMatchObject({ description: 'gift' });
  expect(await stripe.customers.retrieveBalanceTransaction(customer.id, gift.id)).toMatchObject({
    description: 'gift',
    amount: -500,
  });
});
