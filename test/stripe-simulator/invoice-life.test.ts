import { afterEach, beforeEach, expect, test } from 'vitest';
import { at, eventsAbout, meteredPrice, minute, seatPrice, unix, use } from './subscription-support.ts';
import type { TestSimulator } from './support.ts';
import { customerWithCard, draftOf, failureOf, startTestSimulator } from './support.ts';

let context: TestSimulator;

beforeEach(async () => {
  context = await startTestSimulator();
  await at(context, '2027-01-10T00:00:00Z');
});

afterEach(() => context[Symbol.asyncDispose]());

test('a draft with auto_advance finalizes by itself after an hour, one without does not', async () => {
  const { stripe } = context;
  const customer = await customerWithCard(stripe);
  const make = async (auto_advance: boolean) => {
    const draft = await stripe.invoices.create({ customer: customer.id, currency: 'usd', auto_advance });
    return stripe.invoices.addLines(draft.id, { lines: [{ amount: 1_000 }] });
  };
  const [advancing, waiting, stopped] = [await make(true), await make(false), await make(true)];
  expect(minute(advancing.automatically_finalizes_at)).toBe(unix('2027-01-10T01:00:00Z'));
  expect(await stripe.invoices.update(stopped.id, { auto_advance: false })).toMatchObject({
    automatically_finalizes_at: null,
  });
  await at(context, '2027-01-10T01:01:00Z');
  expect((await stripe.invoices.retrieve(advancing.id)).status).toBe('paid');
  expect((await stripe.invoices.retrieve(waiting.id)).status).toBe('draft');
  expect((await stripe.invoices.retrieve(stopped.id)).status).toBe('draft');
});

test('an invoice that is sent is not charged, becomes overdue, and may be paid in some other way', async () => {
  const { stripe } = context;
  const customer = await customerWithCard(stripe);
  const draft = await stripe.invoices.create({
    customer: customer.id,
    currency: 'usd',
    collection_method: 'send_invoice',
    days_until_due: 3,
  });
  await stripe.invoices.addLines(draft.id, { lines: [{ amount: 1_000 }] });
  const sent = await stripe.invoices.sendInvoice(draft.id);
  expect(sent).toMatchObject({ status: 'open', attempt_count: 0 });
  expect(minute(sent.due_date)).toBe(unix('2027-01-13T00:00:00Z'));
  await at(context, '2027-01-13T00:01:00Z');
  expect((await stripe.invoices.retrieve(draft.id)).status).toBe('open');
  const paid = await stripe.invoices.pay(draft.id, { paid_out_of_band: true });
  expect(paid).toMatchObject({ status: 'paid', amount_paid: 0, amount_paid_off_stripe: 1_000 });
  const events = await eventsAbout(stripe, draft.id);
  expect(events).toEqual(expect.arrayContaining(['invoice.sent', 'invoice.overdue', 'invoice.paid']));
  expect(events).not.toContain('invoice.payment_succeeded');
});

test('what is uncollectible can still be paid or void, what is void can be neither', async () => {
  const { stripe } = context;
  const customer = await customerWithCard(stripe);
  const make = async () => {
    const draft = await draftOf(stripe, customer.id, 1_000);
    await stripe.invoices.finalizeInvoice(draft.id);
    return stripe.invoices.markUncollectible(draft.id);
  };
  const paid = await make();
  expect(await stripe.invoices.pay(paid.id)).toMatchObject({ status: 'paid', amount_paid: 1_000 });
  const { id } = await make();
  expect((await stripe.invoices.voidInvoice(id)).status).toBe('void');
  for (const refused of [
    stripe.invoices.pay(id),
    stripe.invoices.voidInvoice(id),
    stripe.invoices.markUncollectible(id),
    stripe.invoices.del(id),
    stripe.invoices.sendInvoice(id),
  ]) {
    expect(await failureOf(refused)).toMatchObject({ code: 'invoice_not_editable' });
  }
});

test('a card that wants its owner asks for him, off session', async () => {
  const { stripe } = context;
  const customer = await customerWithCard(stripe, 'pm_card_authenticationRequired');
  const draft = await draftOf(stripe, customer.id, 1_000);
  await stripe.invoices.finalizeInvoice(draft.id);
  expect(await failureOf(stripe.invoices.pay(draft.id))).toMatchObject({
    statusCode: 402,
    code: 'invoice_payment_intent_requires_action',
  });
  expect(await eventsAbout(stripe, draft.id)).toEqual(
    expect.arrayContaining(['invoice.payment_failed', 'invoice.payment_action_required']),
  );
});

test('an address that taxes can not be worked out for stops a draft from finalizing by itself', async () => {
  const { stripe } = context;
  const customer = await stripe.customers.create({ address: { country: 'US' } });
  const draft = await stripe.invoices.create({
    customer: customer.id,
    currency: 'usd',
    auto_advance: true,
    automatic_tax: { enabled: true },
  });
  await at(context, '2027-01-10T01:01:00Z');
  expect(await stripe.invoices.retrieve(draft.id)).toMatchObject({
    status: 'draft',
    last_finalization_error: { code: 'customer_tax_location_invalid' },
  });
  expect(await eventsAbout(stripe, draft.id)).toContain('invoice.finalization_failed');
});

test('a preview shows the next cycle with usage, pending items and balance, and changes nothing', async () => {
  const { stripe } = context;
  const usage = await meteredPrice(stripe, '100');
  const seat = await seatPrice(stripe);
  const customer = await customerWithCard(stripe);
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: usage.price.id }, { price: seat.id }],
  });
  await use(stripe, usage, customer.id, '3');
  await stripe.invoiceItems.create({ customer: customer.id, amount: 50, currency: 'usd' });
  await stripe.customers.createBalanceTransaction(customer.id, { amount: -100, currency: 'usd' });
  const before = await stripe.invoices.list();
  const eventsBefore = (await stripe.events.list({ limit: 1 })).data[0]?.id;
  const preview = await stripe.invoices.createPreview({
    subscription: subscription.id,
    invoice_items: [{ amount: 25, currency: 'usd', description: 'one more' }],
  });
  expect(preview).toMatchObject({
    status: 'draft',
    billing_reason: 'subscription_cycle',
    subtotal: 300 + 1_500 + 50 + 25,
    amount_due: 1_775,
    starting_balance: -100,
    ending_balance: 0,
  });
  expect(minute(preview.created)).toBe(unix('2027-02-10T00:00:00Z'));
  expect(minute(preview.next_payment_attempt)).toBe(unix('2027-02-10T01:00:00Z'));
  expect(preview.lines.data.map(({ amount }) => amount)).toEqual([300, 1_500, 50, 25]);
  expect((await stripe.invoices.list()).data).toEqual(before.data);
  expect((await stripe.events.list({ limit: 1 })).data[0]?.id).toBe(eventsBefore);
  const more = await stripe.invoices.createPreview({
    subscription: subscription.id,
    subscription_details: {
      items: [{ id: subscription.items.data[1]?.id ?? '', quantity: 3 }],
    },
  });
  expect(more.subtotal).toBe(300 + 4_500 + 50);
});

test('a preview of a new subscription shows its first invoice, one of nothing is refused', async () => {
  const { stripe } = context;
  const seat = await seatPrice(stripe);
  const customer = await stripe.customers.create({});
  const preview = await stripe.invoices.createPreview({
    customer: customer.id,
    subscription_details: { items: [{ price: seat.id, quantity: 2 }] },
  });
  expect(preview).toMatchObject({ total: 3_000, billing_reason: 'subscription_create' });
  expect((await stripe.subscriptions.list({ customer: customer.id, status: 'all' })).data).toEqual([]);
  expect(await failureOf(stripe.invoices.createPreview({ customer: customer.id }))).toMatchObject({
    statusCode: 404,
    code: 'invoice_upcoming_none',
  });
});
