/** The hosted invoice page, as a browser uses it, and the JSON route that stands for it in tests. */
import type Stripe from 'stripe';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Browser } from './browser.ts';
import { at, eventsAbout, seatPrice } from './subscription-support.ts';
import type { TestSimulator } from './support.ts';
import { customerWithCard, draftOf, eventually, idOf, startTestSimulator } from './support.ts';

let context: TestSimulator;

beforeEach(async () => {
  context = await startTestSimulator();
});

afterEach(() => context[Symbol.asyncDispose]());

const GOOD = '4242 4242 4242 4242';
const DECLINED = '4000 0000 0000 0002';
const WANTS_OWNER = '4000 0027 6000 3184';

async function openInvoice(customer: string, fields: Stripe.InvoiceUpdateParams = {}) {
  const draft = await draftOf(context.stripe, customer, 1_000);
  await context.stripe.invoices.update(draft.id, fields);
  return browse(await context.stripe.invoices.finalizeInvoice(draft.id));
}

/** An invoice whose customer's card was charged off session, and wants its owner. */
async function waitingInvoice() {
  const { stripe } = context;
  const customer = await customerWithCard(stripe, 'pm_card_authenticationRequired');
  const draft = await draftOf(stripe, customer.id, 1_000);
  await stripe.invoices.finalizeInvoice(draft.id, { auto_advance: true });
  const waiting = await eventually(async () => {
    const invoice = await stripe.invoices.retrieve(draft.id);
    return invoice.attempted ? invoice : undefined;
  });
  expect(waiting).toMatchObject({ status: 'open', attempt_count: 1, next_payment_attempt: null });
  return browse(waiting);
}

function browse({ id, number, customer, hosted_invoice_url: url }: Stripe.Invoice) {
  const { stripe, sim } = context;
  return {
    id,
    number,
    customer: idOf(customer),
    page: new Browser(new URL(url ?? '')),
    current: () => stripe.invoices.retrieve(id),
    events: () => eventsAbout(stripe, id),
    pay: async (body: object) => {
      const { status, json } = await sim.call('POST', `/invoices/${id}/pay`, body);
      return { status, ...(json as { outcome?: string; invoice?: object; error?: object }) };
    },
  };
}

test('a person sees what is owed, and pays it with a card that is not kept', async () => {
  const { stripe } = context;
  const { id: customer } = await stripe.customers.create({ name: 'Ada' });
  const { id, number, page, current, events } = await openInvoice(customer, { auto_advance: false });
  await page.open();
  expect(page.status).toBe(200);
  for (const shown of [`Invoice ${number}`, 'Ada', 'usage', '10.00 USD', 'name="cardNumber"', 'name="cvc"'])
    expect(page.text).toContain(shown);
  await page.press('Pay 10.00 USD', { cardNumber: GOOD });
  expect(page.url.pathname).toBe(`/_sim/invoices/${id}`);
  expect(page.text).toContain('This invoice is paid.');
  expect(page.text).not.toContain('<form');
  expect(await current()).toMatchObject({ status: 'paid', amount_paid: 1_000, attempt_count: 1 });
  expect((await events()).slice(-3)).toEqual([
    'invoice.updated',
    'invoice.paid',
    'invoice.payment_succeeded',
  ]);
  const [charge] = (await stripe.charges.list({ customer })).data;
  expect(charge).toMatchObject({ status: 'succeeded', customer, billing_details: { name: 'Ada' } });
  expect((await stripe.customers.listPaymentMethods(customer)).data).toEqual([]);
});

test('a declined card is told on the page, leaves the invoice open, and another may be tried', async () => {
  const { id: customer } = await context.stripe.customers.create({});
  const { page, current, events } = await openInvoice(customer);
  await page.open();
  await page.press('Pay 10.00 USD', { cardNumber: DECLINED });
  expect(page.status).toBe(402);
  expect(page.text).toContain('Your card was declined.');
  expect(await current()).toMatchObject({ status: 'open', attempt_count: 1 });
  expect(await events()).toContain('invoice.payment_failed');
  await page.press('Pay 10.00 USD', { cvc: '1' });
  expect(page.text).toContain('security code is invalid');
  await page.press('Pay 10.00 USD', { cardNumber: '4000 0000 0000 0341' });
  expect(page.text).toContain('Your card was declined.');
  await page.press('Pay 10.00 USD');
  expect(await current()).toMatchObject({ status: 'paid', attempt_count: 1 });
});

test('a payment that waits for its owner is confirmed on the page of the bank', async () => {
  const { customer, page, current, events } = await waitingInvoice();
  await page.open();
  await page.press('Confirm the payment with visa ending in 3184');
  expect(page.text).toContain('3-D Secure');
  await page.press('Complete authentication');
  expect(page.text).toContain('This invoice is paid.');
  expect(await current()).toMatchObject({ status: 'paid', attempt_count: 1, next_payment_attempt: null });
  expect((await events()).slice(-3)).toEqual([
    'invoice.updated',
    'invoice.paid',
    'invoice.payment_succeeded',
  ]);
  const { data } = await context.stripe.charges.list({ customer });
  expect(data).toMatchObject([{ status: 'succeeded', payment_method_details: { card: { last4: '3184' } } }]);
});

test('an owner who fails there is told, and pays with another card', async () => {
  const { page, current, events } = await waitingInvoice();
  await page.open();
  await page.press('Confirm the payment');
  await page.press('Fail authentication');
  expect(page.status).toBe(402);
  expect(page.text).toContain('unable to authenticate');
  expect(page.text).not.toContain('Confirm the payment');
  expect((await events()).at(-1)).toBe('invoice.payment_failed');
  expect(await current()).toMatchObject({ status: 'open', attempt_count: 1 });
  await page.press('Pay 10.00 USD');
  expect((await current()).status).toBe('paid');
});

test('a card that is typed may want its owner too; until he has authenticated nothing has failed', async () => {
  const { stripe } = context;
  const { id: customer } = await stripe.customers.create({});
  const { page, current, events } = await openInvoice(customer);
  await page.open();
  await page.press('Pay 10.00 USD', { cardNumber: WANTS_OWNER });
  expect(page.text).toContain('3-D Secure');
  expect(page.url.href).not.toContain('3184');
  expect((await events()).at(-1)).toBe('invoice.payment_action_required');
  expect(await events()).not.toContain('invoice.payment_failed');
  expect(await current()).toMatchObject({ status: 'open', attempt_count: 0 });
  await page.press('Complete authentication');
  expect(await current()).toMatchObject({ status: 'paid', attempt_count: 1 });
  expect((await stripe.customers.listPaymentMethods(customer)).data).toEqual([]);
});

test('a page of the bank that was left open does nothing once nothing waits', async () => {
  const { pay, page, current } = await waitingInvoice();
  await page.open();
  await page.press('Confirm the payment');
  await pay({ cardNumber: GOOD });
  await page.press('Complete authentication');
  expect(page.status).toBe(400);
  expect(page.text).toContain('This invoice is paid.');
  expect((await current()).amount_paid).toBe(1_000);
});

test('what is void can not be paid, what is uncollectible can', async () => {
  const { stripe } = context;
  const { id: customer } = await stripe.customers.create({});
  const voided = await openInvoice(customer);
  await stripe.invoices.voidInvoice(voided.id);
  await voided.page.open();
  expect(voided.page.text).toContain('This invoice is void.');
  expect(voided.page.text).not.toContain('<form');
  expect((await voided.pay({ cardNumber: GOOD })).status).toBe(400);
  const writtenOff = await openInvoice(customer);
  await stripe.invoices.markUncollectible(writtenOff.id);
  await writtenOff.page.open();
  expect(writtenOff.page.text).toContain('This invoice is uncollectible.');
  await writtenOff.page.press('Pay 10.00 USD');
  expect((await writtenOff.current()).status).toBe('paid');
});

test('an invoice that was sent is paid on the page; a declined card there starts no retries', async () => {
  const { id: customer } = await context.stripe.customers.create({});
  const { page, current } = await openInvoice(customer, {
    auto_advance: true,
    collection_method: 'send_invoice',
    days_until_due: 3,
  });
  await page.open();
  await page.press('Pay 10.00 USD', { cardNumber: DECLINED });
  expect(await current()).toMatchObject({ attempt_count: 1, next_payment_attempt: null });
  await page.press('Pay 10.00 USD');
  expect((await current()).status).toBe('paid');
});

test('the page makes a subscription that is past due active again', async () => {
  const { stripe } = context;
  await at(context, '2027-01-10T00:00:00Z');
  const customer = await customerWithCard(stripe);
  const { id } = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: (await seatPrice(stripe)).id }],
  });
  const other = await stripe.paymentMethods.attach('pm_card_authenticationRequired', {
    customer: customer.id,
  });
  await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: other.id } });
  await at(context, '2027-02-10T02:00:00Z');
  const subscription = await stripe.subscriptions.retrieve(id);
  expect(subscription.status).toBe('past_due');
  const invoice = browse(await stripe.invoices.retrieve(idOf(subscription.latest_invoice)));
  expect(await invoice.pay({ authenticate: true })).toMatchObject({ outcome: 'paid' });
  expect((await stripe.subscriptions.retrieve(id)).status).toBe('active');
});

test('nothing that people type is taken for HTML', async () => {
  const { stripe } = context;
  const { id: customer } = await stripe.customers.create({ name: '<script>name</script>' });
  const draft = await draftOf(stripe, customer, 1_000);
  await stripe.invoices.addLines(draft.id, { lines: [{ amount: 1, description: '<img src=x>"line"' }] });
  await stripe.invoices.update(draft.id, { description: '<b>memo</b>', number: '<i>7</i>' });
  const { page } = browse(await stripe.invoices.finalizeInvoice(draft.id));
  await page.open();
  await page.press('Pay', { cardNumber: '<u>"4111</u>' });
  expect(page.status).toBe(402);
  expect(page.text).toContain('card number is incorrect');
  for (const tag of ['<script', '<img', '<b>', '<i>', '<u>']) expect(page.text).not.toContain(tag);
  for (const shown of [
    '&lt;script&gt;name&lt;/script&gt;',
    '&lt;img src=x&gt;&quot;line&quot;',
    '&lt;b&gt;memo&lt;/b&gt;',
    '&lt;i&gt;7&lt;/i&gt;',
  ])
    expect(page.text).toContain(shown);
});

test('the JSON route pays with a card, which may want its owner first', async () => {
  const { id: customer } = await context.stripe.customers.create({});
  const { pay, id } = await openInvoice(customer);
  expect(await pay({ cardNumber: DECLINED })).toMatchObject({
    status: 402,
    error: { code: 'card_declined', decline_code: 'generic_decline' },
  });
  expect(await pay({ cardNumber: WANTS_OWNER })).toMatchObject({
    status: 200,
    outcome: 'requires_action',
    invoice: { id, status: 'open' },
  });
  expect(await pay({ authenticate: true })).toMatchObject({
    status: 200,
    outcome: 'paid',
    invoice: { id, status: 'paid' },
  });
  expect(await pay({ cardNumber: GOOD })).toMatchObject({ status: 400 });
});

test('the JSON route confirms a waiting payment, or fails to', async () => {
  const { pay, current, events } = await waitingInvoice();
  const before = await events();
  expect(await pay({})).toMatchObject({ status: 200, outcome: 'requires_action' });
  expect(await events()).toEqual(before);
  expect(await pay({ authenticate: 'fail' })).toMatchObject({
    status: 402,
    error: { code: 'payment_intent_authentication_failure' },
  });
  expect((await current()).status).toBe('open');
  // Now another card is needed.
  expect(await pay({ authenticate: true })).toMatchObject({ status: 400 });
  expect(await pay({ cardNumber: WANTS_OWNER, authenticate: 'fail' })).toMatchObject({ status: 402 });
  expect(await pay({ cardNumber: WANTS_OWNER, authenticate: true })).toMatchObject({ outcome: 'paid' });
  expect(await current()).toMatchObject({ status: 'paid', attempt_count: 1 });
});

test('a draft has no page to pay on, and what does not exist has none', async () => {
  const { stripe, sim } = context;
  const { id: customer } = await stripe.customers.create({});
  const { id } = await draftOf(stripe, customer, 1_000);
  expect((await sim.call('POST', `/invoices/${id}/pay`, { cardNumber: GOOD })).status).toBe(400);
  expect((await sim.call('POST', '/invoices/in_none/pay', { cardNumber: GOOD })).status).toBe(404);
  expect((await sim.call('POST', `/invoices/${id}/pay`, { card: GOOD })).status).toBe(400);
});
