import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestSimulator } from './support.ts';
import { startTestSimulator } from './support.ts';

let context: TestSimulator;

beforeAll(async () => {
  context = await startTestSimulator();
});

afterAll(() => context[Symbol.asyncDispose]());

async function openSession() {
  const customer = await context.stripe.customers.create({});
  const session = await context.stripe.checkout.sessions.create({
    mode: 'setup',
    currency: 'usd',
    customer: customer.id,
    success_url: 'https://example.com/done?session={CHECKOUT_SESSION_ID}',
  });
  return { ...session, url: session.url ?? '' };
}

const submit = (url: string, fields: Record<string, string>) =>
  fetch(url, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });

test('a person types a card on the hosted page, and is sent to the success URL', async () => {
  const session = await openSession();
  expect(session.success_url).toContain('{CHECKOUT_SESSION_ID}');
  expect(await (await fetch(session.url)).text()).toContain('name="cardNumber"');
  const response = await submit(session.url, { cardNumber: '4242 4242 4242 4242' });
  expect(response.status).toBe(303);
  expect(response.headers.get('location')).toBe(`https://example.com/done?session=${session.id}`);
});

test('a declined card is told on the page, and another may be tried', async () => {
  const session = await openSession();
  const declined = await submit(session.url, { cardNumber: '4000000000000002' });
  expect(declined.status).toBe(402);
  expect(await declined.text()).toContain('Your card was declined.');
  expect((await submit(session.url, { cardNumber: '<b>"4111</b>' })).status).toBe(402);
});

test('a card that wants its owner leads to one more step', async () => {
  const session = await openSession();
  const challenge = await submit(session.url, { cardNumber: '4000002500003155' });
  expect(await challenge.text()).toContain('name="authenticate"');
  const done = await submit(session.url, { cardNumber: '4000002500003155', authenticate: 'true' });
  expect(done.status).toBe(303);
});

test('a session that nobody completes expires, by the clock', async () => {
  const { stripe, sim } = context;
  const session = await openSession();
  await sim.clock(session.expires_at + 1);
  expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ status: 'expired', url: null });
  const { data } = await stripe.events.list({ type: 'checkout.session.expired' });
  expect(data[0]).toMatchObject({ data: { object: { id: session.id } } });
});
