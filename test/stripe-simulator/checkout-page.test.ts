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

test('what is wrong with the expiry or the CVC is told before a bank is asked', async () => {
  const session = await openSession();
  const card = { cardNumber: '4242424242424242', expiry: '12 / 39', cvc: '123' };
  for (const [wrong, message] of [
    [{ expiry: '13/39' }, 'expiration month is invalid'],
    [{ expiry: '01/20' }, 'expiration year is invalid'],
    [{ cvc: '12' }, 'security code is invalid'],
  ] as const) {
    const refused = await submit(session.url, { ...card, ...wrong });
    expect(refused.status).toBe(402);
    expect(await refused.text()).toContain(message);
  }
  expect((await submit(session.url, card)).status).toBe(303);
});

test('a card that wants its owner leads to the page of its bank, which he may fail', async () => {
  const session = await openSession();
  const challenge = await submit(session.url, { cardNumber: '4000002500003155' });
  expect(challenge.status).toBe(303);
  const bank = new URL(challenge.headers.get('location') ?? '', session.url);
  expect(bank.href).not.toContain('3155');
  const page = await (await fetch(bank)).text();
  expect(page).toContain('Complete authentication');
  expect(page).toContain('Fail authentication');
  const card = bank.searchParams.get('card') ?? '';
  const action = `${session.url}/authenticate`;
  const failed = await submit(action, { card, authenticate: 'fail' });
  expect(failed.status).toBe(402);
  expect(await failed.text()).toContain('unable to authenticate');
  const { setup_intent: intent } = await context.stripe.checkout.sessions.retrieve(session.id, {
    expand: ['setup_intent'],
  });
  expect(intent).toMatchObject({
    status: 'requires_payment_method',
    last_setup_error: { code: 'setup_intent_authentication_failure' },
  });
  const done = await submit(action, { card, authenticate: 'complete' });
  expect(done.headers.get('location')).toContain(session.id);
  expect((await context.stripe.checkout.sessions.retrieve(session.id)).status).toBe('complete');
});

test('credits are paid on the page, with what they cost in sight and nothing of it taken for HTML', async () => {
  const { stripe } = context;
  const customer = await stripe.customers.create({});
  const session = await stripe.checkout.sessions.create({
    mode: 'payment',
    customer: customer.id,
    line_items: [
      {
        price_data: { currency: 'usd', unit_amount: 100, product_data: { name: '<script>credits</script>' } },
        quantity: 25,
      },
    ],
    success_url: 'https://example.com/done',
    cancel_url: 'https://example.com/back?a=1&b="',
  });
  const page = await (await fetch(session.url ?? '')).text();
  expect(page).toContain('Pay 25.00 USD');
  expect(page).toContain('&lt;script&gt;credits&lt;/script&gt;');
  expect(page).toContain('href="https://example.com/back?a=1&amp;b=&quot;"');
  const challenge = await submit(session.url ?? '', { cardNumber: '4000 0025 0000 3155' });
  const card =
    new URL(challenge.headers.get('location') ?? '', session.url ?? '').searchParams.get('card') ?? '';
  const failed = await submit(`${session.url}/authenticate`, { card, authenticate: 'fail' });
  expect(failed.status).toBe(402);
  expect((await submit(`${session.url}/authenticate`, { card, authenticate: 'complete' })).status).toBe(303);
  expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ payment_status: 'paid' });
  expect(await (await fetch(`${context.simulator.baseUrl}/_sim/checkout/${session.id}`)).text()).toContain(
    'You are done here',
  );
});

test('a session may be expired by hand, and nothing can be typed any more', async () => {
  const { stripe } = context;
  const session = await openSession();
  expect(await stripe.checkout.sessions.expire(session.id)).toMatchObject({ status: 'expired', url: null });
  expect((await submit(session.url, { cardNumber: '4242424242424242' })).status).toBe(400);
});

test('a session that nobody completes expires, by the clock', async () => {
  const { stripe, sim } = context;
  const session = await openSession();
  await sim.clock(session.expires_at + 1);
  expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ status: 'expired', url: null });
  const { data } = await stripe.events.list({ type: 'checkout.session.expired' });
  expect(data[0]).toMatchObject({ data: { object: { id: session.id } } });
});
