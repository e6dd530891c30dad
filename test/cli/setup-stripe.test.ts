import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startTestSimulator, type TestSimulator, writesAmong } from '../support/simulator.ts';
import { runBilling } from './command.ts';

let database: TestDatabase;
let simulator: TestSimulator;
beforeEach(async () => {
  [database, simulator] = await Promise.all([createTestDatabase(), startTestSimulator()]);
});
afterEach(async () => {
  await simulator.stop();
  await database.drop();
});

const setUp = (args: readonly string[], variables: Record<string, string> = {}) =>
  runBilling(database.url, ['setup-stripe', '--mode', 'test', ...args], {
    STRIPE_API_BASE: simulator.url,
    STRIPE_TEST_SECRET_KEY: 'sk_test_simulator',
    ...variables,
  });

test('shows a plan, does it with --apply, tells the secret once, and then has nothing to do', async () => {
  const url = ['--url', 'https://billing.example/'];
  const shown = await simulator.requestsDuring(async () => {
    const { status, output } = await setUp(url);
    expect(status, output).toBe(0);
    expect(output).toContain('What Stripe (test) lacks:');
    expect(output).toContain('make a price of $0.00001 for "API Calls"');
    expect(output).toContain('make a webhook endpoint at https://billing.example/api/webhooks/stripe-test');
    expect(output).toContain('Nothing was changed. The same with --apply does it.');
    expect(output).not.toContain('WEBHOOK_SECRET');
  });
  expect(writesAmong(shown)).toEqual([]);

  const applied = await setUp([...url, '--apply']);
  expect(applied.status, applied.output).toBe(0);
  expect(applied.output).toMatch(/Done: make the product "CPU Hour" → prod_\w+/);
  expect(applied.output).toMatch(/API Calls +\$0\.00001 +price_\w+ +mtr_\w+/);
  const [, secret = ''] = /^STRIPE_TEST_WEBHOOK_SECRET=(whsec_\w+)$/m.exec(applied.output) ?? [];
  expect(secret).not.toBe('');

  const again = await simulator.requestsDuring(async () => {
    const { status, output } = await setUp([...url, '--apply'], { STRIPE_TEST_WEBHOOK_SECRET: secret });
    expect(status, output).toBe(0);
    expect(output).toContain('Stripe (test) has all that billing needs.');
    expect(output).not.toContain(secret);
    expect(output).not.toContain('Done');
  });
  expect(writesAmong(again)).toEqual([]);
});

test('says that the endpoint is left out without --url, and where its secret is when it is not set', async () => {
  const { status, output } = await setUp(['--apply']);
  expect(status, output).toBe(0);
  expect(output).toContain('The webhook endpoint is left out: --url');
  expect((await simulator.stripe.test.webhookEndpoints.list()).data).toEqual([]);
  const url = ['--url', 'https://billing.example', '--apply'];
  await setUp(url);
  expect((await setUp(url)).output).toContain('STRIPE_TEST_WEBHOOK_SECRET is not set');
});

test('ends with 1, and with what to do, when something is for a person', async () => {
  await simulator.stripe.test.webhookEndpoints.create({
    url: 'https://billing.example/api/webhooks/stripe-test',
    enabled_events: ['invoice.paid'],
  });
  const { status, output } = await setUp(['--url', 'https://billing.example', '--apply']);
  expect(status, output).toBe(1);
  expect(output).toMatch(/For a person to do:\n {2}we_\w+ was made by hand, and lacks checkout/);
  const again = await setUp(['--url', 'https://billing.example']);
  expect(again.status).toBe(1);
  expect(again.output).toContain('the rest is for a person');
});

test('says in a sentence what a restricted key lacks', async () => {
  await simulator.fault('GET /v1/billing/meters', 'status_403');
  const { status, output } = await setUp([], { STRIPE_TEST_SECRET_KEY: 'rk_test_simulator' });
  expect(status).toBe(1);
  expect(output.trim()).toMatch(/^The key has no permission to read Billing Meters: .*run this again\.$/);
});

test('tells the secret of an endpoint also when something fails after it was made', async () => {
  await simulator.fault('POST /v1/prices', 'status_500');
  const { status, output } = await setUp(['--url', 'https://billing.example', '--apply']);
  expect(status).toBe(1);
  expect(output).toMatch(/^STRIPE_TEST_WEBHOOK_SECRET=whsec_\w+$/m);
  expect(output).toMatch(/^Stripe: An unknown error occurred .*Run this again\.$/m);
});
