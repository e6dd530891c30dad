import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestSimulator } from './support.ts';
import { customerWithCard, draftOf, startTestSimulator } from './support.ts';

let context: TestSimulator;

beforeAll(async () => {
  context = await startTestSimulator();
});

afterAll(() => context[Symbol.asyncDispose]());

async function openPortal() {
  const { stripe } = context;
  const customer = await customerWithCard(stripe);
  const { url } = await stripe.billingPortal.sessions.create({
    customer: customer.id,
    return_url: 'https://example.com/account',
  });
  const read = async () => (await fetch(url)).text();
  const submit = (action: string, fields: Record<string, string>) =>
    fetch(`${url}/${action}`, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
  const methods = async () => (await stripe.paymentMethods.list({ customer: customer.id })).data;
  return { customer, url, read, submit, methods };
}

test('the portal shows cards and invoices, and the way back', async () => {
  const { stripe } = context;
  const { customer, read } = await openPortal();
  const draft = await draftOf(stripe, customer.id, 123_456);
  const { number } = await stripe.invoices.finalizeInvoice(draft.id);
  const page = await read();
  expect(page).toContain('visa ending in 4242');
  expect(page).toContain(number);
  expect(page).toContain('1,234.56 USD');
  expect(page).toContain('href="https://example.com/account"');
  expect(await (await fetch(`${context.simulator.baseUrl}/_sim/invoices/${draft.id}`)).text()).toContain(
    'usage',
  );
});

test('a card is added, made the default, and the other removed', async () => {
  const { stripe } = context;
  const { customer, submit, methods } = await openPortal();
  const [old] = await methods();
  expect((await submit('add', { cardNumber: '5555555555554444' })).status).toBe(303);
  const added = (await methods()).find(({ card }) => card?.last4 === '4444');
  expect((await submit('default', { paymentMethod: added?.id ?? '' })).status).toBe(303);
  expect((await submit('remove', { paymentMethod: old?.id ?? '' })).status).toBe(303);
  expect((await methods()).map(({ id }) => id)).toEqual([added?.id]);
  expect(await stripe.customers.retrieve(customer.id)).toMatchObject({
    invoice_settings: { default_payment_method: added?.id },
  });
});

test('a declined card is told, one that wants its owner asks for him, and that of another is not touched', async () => {
  const { submit, methods } = await openPortal();
  const declined = await submit('add', { cardNumber: '4000000000000002' });
  expect(declined.status).toBe(402);
  expect(await declined.text()).toContain('Your card was declined.');
  const challenge = await submit('add', { cardNumber: '4000002500003155' });
  const card = new URL(challenge.headers.get('location') ?? '', 'http://x').searchParams.get('card') ?? '';
  expect((await submit('authenticate', { card, authenticate: 'fail' })).status).toBe(402);
  expect((await submit('authenticate', { card, authenticate: 'complete' })).status).toBe(303);
  expect(await methods()).toHaveLength(2);
  const [foreign] = await (await openPortal()).methods();
  expect((await submit('remove', { paymentMethod: foreign?.id ?? '' })).status).toBe(404);
});
