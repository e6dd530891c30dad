import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestSimulator } from './support.ts';
import { startTestSimulator } from './support.ts';

let context: TestSimulator;

beforeAll(async () => {
  context = await startTestSimulator();
});

afterAll(() => context[Symbol.asyncDispose]());

const read = async () => (await fetch(`${context.simulator.baseUrl}/_sim`)).text();
const submit = (fields: Record<string, string>) =>
  fetch(`${context.simulator.baseUrl}/_sim/page`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    redirect: 'manual',
  });

test('the page shows what came in, and the Checkout sessions that are open', async () => {
  const { stripe } = context;
  const session = await stripe.checkout.sessions.create({
    mode: 'setup',
    currency: 'usd',
    customer: (await stripe.customers.create({ name: '<b>' })).id,
    success_url: 'https://example.com/',
  });
  await stripe.customers.retrieve('<i>nobody</i>').catch(() => undefined);
  const page = await read();
  expect(page).toContain('POST /v1/checkout/sessions');
  expect(page).toContain(`href="/_sim/checkout/${session.id}"`);
  expect(page).not.toContain('<i>nobody');
  const live = await (await fetch(`${context.simulator.baseUrl}/_sim/live`)).text();
  expect(page).toContain(live.slice(live.indexOf('<h2>Requests')));
});

test('the clock is advanced by a form', async () => {
  const { sim } = context;
  const before = await sim.now();
  expect((await submit({ do: 'advance', seconds: '86400' })).status).toBe(303);
  expect((await sim.now()) - before).toBeGreaterThanOrEqual(86_400);
});

test('faults and mischief are set by forms, shown, and cleared', async () => {
  await submit({ do: 'fault', route: 'POST /v1/refunds', kind: 'status_500', count: '2' });
  await submit({ do: 'mischief', kind: 'drop', eventType: 'invoice.paid', count: '3' });
  const page = await read();
  expect(page).toContain('<td>POST /v1/refunds</td><td>status_500</td><td>2</td>');
  expect(page).toContain('<td>invoice.paid</td><td>drop</td><td>3</td>');
  expect((await submit({ do: 'fault', route: 'nonsense', kind: 'status_500', count: '2' })).status).toBe(400);
  await submit({ do: 'clear' });
  expect(await read()).toContain('None is set.');
});
