import getPort from 'get-port';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { MODES } from '../../domain/mode.ts';
import { ensureSchedules } from '../../worker/namespace.ts';
import { type BillingService, startBilling } from '../support/billing-worker.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { workflowBundle } from '../support/workflow-bundle.ts';
import { runBilling } from './command.ts';

const WEBHOOK_SECRET = `whsec_${'fedcba9876543210'.repeat(2)}`;

let database: TestDatabase;
let service: BillingService;
beforeAll(async () => {
  database = await createTestDatabase();
  service = await startBilling({
    db: database.db,
    temporalAddress: inject('temporalAddress'),
    workflowBundle: workflowBundle(),
  });
  await service.startWorker();
  for (const mode of MODES) await ensureSchedules(service.temporal, mode);
});
afterAll(async () => {
  await service.stop();
  await database.drop();
});

const doctor = (args: readonly string[] = [], variables: Record<string, string> = {}) =>
  runBilling(database.url, ['doctor', '--url', service.apiUrl, ...args], {
    TEMPORAL_NAMESPACE: service.temporal.options.namespace,
    STRIPE_API_BASE: service.simulatorUrl,
    STRIPE_SECRET_KEY: 'sk_live_simulator_secretpart1234',
    STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
    STRIPE_TEST_SECRET_KEY: 'sk_test_simulator_secretpart5678',
    STRIPE_TEST_WEBHOOK_SECRET: WEBHOOK_SECRET,
    ...variables,
  });

test('a healthy stack has no problem: a table by area, the count, and exit status 0', async () => {
  const { status, output } = await doctor();
  expect(output).toMatch(/^ {2}PostgreSQL$/m);
  expect(output).toMatch(/^ {2}key +ok +Stripe takes sk_test_…5678, of acct_\w+\.$/m);
  expect(output).toMatch(/^ {2}price:cpu_hour +ok +price_\w+ is \$0\.10 for one unit\.$/m);
  // The tests' namespaces keep what has ended for a day.
  expect(output.trimEnd()).toMatch(/\n0 problems, 1 warning$/);
  expect(status).toBe(0);
  expect(output).not.toMatch(/secretpart|fedcba/);
});

test('a problem ends with exit status 1, and its mend is beneath it', async () => {
  const { status, output } = await doctor([], {
    STRIPE_TEST_SECRET_KEY: 'sk_test_simulator_expired',
    HOST_WEBHOOK_URL: `http://127.0.0.1:${await getPort()}/hook`,
    HOST_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32).toString('base64')}`,
  });
  expect(output).toMatch(
    /^ {2}key +problem +Stripe does not take sk_test_…ired .*\n +→ Copy one that holds/m,
  );
  expect(output).toMatch(/^ {2}host_hook +problem +.*ECONNREFUSED.*\n +→ See that the host product runs/m);
  expect(output.trimEnd()).toMatch(/\n2 problems, 1 warning$/);
  expect(status).toBe(1);
});

test('gives programs all of it as JSON', async () => {
  const { status, output } = await doctor(['--json']);
  const report = JSON.parse(output) as { readonly checks: readonly { readonly id: string }[] };
  expect(report).toMatchObject({ state: 'warning', problems: 0, warnings: 1 });
  expect(report.checks.find(({ id }) => id === 'migrations')).toEqual({
    area: 'PostgreSQL',
    id: 'migrations',
    mode: null,
    state: 'ok',
    finding: 'Its schema is the newest.',
    mend: null,
  });
  expect(status).toBe(0);
});

test('names each variable that holds what it can not, such as a key of the other mode, and looks no further', async () => {
  const { status, output } = await doctor([], {
    STRIPE_SECRET_KEY: 'sk_test_simulator_secretpart',
    DATABASE_URL: '',
  });
  expect(output).toMatch(/environment +problem +STRIPE_SECRET_KEY: must begin with sk_live_ or rk_live_\./);
  expect(output).toMatch(/→ Mend it in \.env/);
  expect(output).not.toMatch(/secretpart/);
  expect(status).toBe(1);
});

test.each([
  [['--jsno'], /unknown option '--jsno'.*--json/s],
  [['--url', 'nowhere'], /Write an address such as/],
  [['please'], /too many arguments/],
])('%j is a usage error, exit status 2', async (args, words) => {
  const { status, output } = await doctor(args);
  expect(output).toMatch(words);
  expect(status).toBe(2);
});
