import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { subscribedCustomer } from '../../chaos/world/customers.ts';
import { letStripeTimePass } from '../../chaos/world/stripe-clock.ts';
import { WEBHOOK_PATHS } from '../../domain/stripe-event.ts';
import { type BillingService, startBilling } from '../support/billing-worker.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { workflowBundle } from '../support/workflow-bundle.ts';
import { runBilling } from './command.ts';

let database: TestDatabase;
let billing: BillingService;

beforeAll(async () => {
  database = await createTestDatabase();
  billing = await startBilling({
    db: database.db,
    temporalAddress: inject('temporalAddress'),
    workflowBundle: workflowBundle(),
  });
  await billing.startWorker();
  await subscribedCustomer(billing);
});
afterAll(async () => {
  await billing.stop();
  await database.drop();
});

/** The live mode has no key here. */
const reconcile = (...args: string[]) =>
  runBilling(database.url, ['reconcile', ...args], {
    TEMPORAL_NAMESPACE: billing.temporal.options.namespace ?? '',
    STRIPE_TEST_SECRET_KEY: 'sk_test_simulator',
    STRIPE_TEST_WEBHOOK_SECRET: 'whsec_any',
  });

it('compares all configured modes, shows how far it is, and ends well when nothing wants a person', async () => {
  const { status, output } = await reconcile();
  expect(status, output).toBe(0);
  expect(output).toContain('reconciliation:test');
  expect(output).toMatch(/Reconciliation \(test\): \d+ read, all is as it should be\.$/m);
  expect(output).not.toContain('(live)');
});

it('says what a person is to do, also to programs, and ends with exit status 1 until it is done', async () => {
  const { webhookEndpoints } = billing.stripe.test;
  const endpoint = (await webhookEndpoints.list()).data.find(({ url }) => url.endsWith(WEBHOOK_PATHS.test));
  await webhookEndpoints.update(endpoint?.id ?? '', { disabled: true });
  const { status, output } = await reconcile('--mode', 'test');
  expect(status, output).toBe(1);
  expect(output).toMatch(/0 repaired, 1 for a person\.$/m);
  expect(output).toMatch(
    /proposed +webhook_endpoint_disabled +we_\S+ +The webhook endpoint we_\S+ \(http\S+\) is disabled\.$/m,
  );
  expect(output).toMatch(
    /→ See in Stripe's Dashboard what it failed of, mend that, and enable it; or delete it, /,
  );

  const json = await reconcile('--json');
  expect(json.status).toBe(1);
  expect(JSON.parse(json.output.slice(json.output.indexOf('[')))).toMatchObject([
    {
      report: { mode: 'test', comparesObjects: true, open: 1 },
      findings: [{ code: 'webhook_endpoint_disabled', objectId: endpoint?.id, fix: 'proposed' }],
    },
  ]);

  await webhookEndpoints.update(endpoint?.id ?? '', { disabled: false });
  expect((await reconcile()).status).toBe(0);
});

it('leaves what was accepted out of what wants a person', async () => {
  const { id } = await billing.stripe.test.customers.create({ metadata: { user_id: 'of-another' } });
  await letStripeTimePass(billing, 10 * 60_000);
  const before = await reconcile();
  expect(before.status, before.output).toBe(1);
  expect(before.output).toMatch(new RegExp(`^ *proposed +customer_unknown +${id} `, 'm'));

  const accepted = await reconcile('--accept', 'customer_unknown', id, '--mode', 'test');
  expect(accepted.status, accepted.output).toBe(0);
  expect(accepted.output).toContain(`Accepted (test): The customer ${id} says`);
  const after = await reconcile();
  expect(after.status, after.output).toBe(0);
  expect(after.output).toMatch(new RegExp(`^ *accepted +customer_unknown +${id} `, 'm'));

  const again = await reconcile('--accept', 'customer_unknown', id, '--mode', 'test');
  expect(again.status).toBe(1);
  expect(again.output).toContain(`No customer_unknown about ${id} wants a person in test mode.`);
  expect((await reconcile('--accept', 'customer_unknown', '--mode', 'test')).status).not.toBe(0);
});

it('refuses a mode that has no key', async () => {
  const { status, output } = await reconcile('--mode', 'live');
  expect(status).toBe(1);
  expect(output).toContain('There is no Stripe key for live mode.');
});
