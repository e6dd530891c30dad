import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import {
  type Customer,
  newCustomer,
  settled,
  stateIs,
  stateOf,
  subscribedCustomer,
  subscriptionsOf,
} from '../../chaos/world/customers.ts';
import { cacheDirectory, inheritedEnvironment } from '../../config/machine.ts';
import { saveCreditPurchase } from '../../db/credit-purchases.ts';
import { customerBillingWorkflowId } from '../../domain/customer-workflow.ts';
import { startReaper } from '../../stack/reaper.ts';
import { findTemporalBinary } from '../../stack/temporal-binary.ts';
import { type BillingService, startBilling } from '../support/billing-worker.ts';
import { createTestDatabase, type TestDatabase, withFreshDatabase } from '../support/database.ts';
import { workflowBundle } from '../support/workflow-bundle.ts';
import { runBilling } from './command.ts';

let database: TestDatabase;
let billing: BillingService;
let customer: Customer;

beforeAll(async () => {
  database = await createTestDatabase();
  billing = await startBilling({
    db: database.db,
    temporalAddress: inject('temporalAddress'),
    workflowBundle: workflowBundle(),
    places: { live: 0 },
  });
  await billing.startWorker();
});
afterAll(async () => {
  await billing.stop();
  await database.drop();
});

/** `npm run billing -- …` against the service of this file. */
const run = (...args: string[]) =>
  runBilling(database.url, args, {
    TEMPORAL_NAMESPACE: billing.temporal.options.namespace,
  });

describe('a customer who is active', () => {
  beforeEach(async () => {
    customer = await subscribedCustomer(billing);
  });

  it('is shown by the host product’s id and by Stripe’s', async () => {
    for (const id of [customer.userId, customer.stripeCustomerId]) {
      const { status, output } = await run('customer', id, '--mode', 'test');
      expect(output).toMatch(/Status +active/);
      expect(output).toMatch(/Because of +sub_/);
      expect(output).toContain(customerBillingWorkflowId('test', customer.stripeCustomerId));
      expect(status).toBe(0);
    }
  });

  it('is shown with the credits that are left, and what of them expires next', async () => {
    const { mode, userId, stripeCustomerId } = customer;
    expect((await run('customer', userId, '--mode', 'test')).output).not.toContain('Credits');
    const grant = async (grantedCents: number, expiresAt: Date | null) => {
      const checkoutSessionId = `cs_${randomUUID()}`;
      await saveCreditPurchase(billing.db, { mode, userId, checkoutSessionId, grantedCents, expiresAt });
    };
    await grant(2_500, null);
    expect((await run('customer', userId, '--mode', 'test')).output).toMatch(/Credits +\$25\.00$/m);
    await grant(1_000, new Date('2999-01-01T00:00:00Z'));
    const { output } = await run('customer', stripeCustomerId, '--mode', 'test');
    expect(output).toMatch(/Credits +\$35\.00, of which \$10\.00 until 2999-01-01T00:00:00\.000Z$/m);
  });

  it('is suspended, and given back, with who did it and why', async () => {
    const suspended = await run(
      'suspend',
      customer.userId,
      '--mode',
      'test',
      '--reason',
      'fraud',
      '--as',
      'ops',
    );
    expect(suspended.output).toMatch(/Why +Suspended by ops: fraud/);
    expect(suspended.status).toBe(0);
    expect(await stateOf(billing, customer)).toMatchObject({ status: 'suspended', waitingFor: 'operator' });
    const back = await run('reactivate', customer.userId, '--mode', 'test', '--as', 'boss');
    expect(back.output).toMatch(/Status +active/);
    const decisions = await billing.db
      .selectFrom('operator_decisions')
      .select(['type', 'decided_by'])
      .where('user_id', '=', customer.userId)
      .orderBy('decided_at')
      .execute();
    expect(decisions).toEqual([
      { type: 'suspend', decided_by: 'ops' },
      { type: 'reactivate', decided_by: 'boss' },
    ]);
  });

  it.each([
    [['extend-grace', '--days', '7'], 'There is no grace period to extend: the customer owes nothing.'],
    [['reactivate'], 'The customer is active and has access.'],
    [['extend-grace', '--days', 'many'], 'Say how many days from now'],
  ])('%j is refused with one sentence, and exit 1', async ([command = '', ...args], sentence) => {
    const { status, output } = await run(command, customer.userId, '--mode', 'test', ...args);
    expect(output).toContain(sentence);
    expect(output).not.toContain('    at ');
    expect(status).toBe(1);
  });

  it('takes decisions from the Temporal CLI too', async () => {
    await using reaper = startReaper();
    const binary = await findTemporalBinary({
      cacheDir: cacheDirectory(),
      env: inheritedEnvironment(),
      log: console.error,
      reaper,
    });
    const common = {
      address: inject('temporalAddress'),
      namespace: billing.temporal.options.namespace,
      'workflow-id': customerBillingWorkflowId('test', customer.stripeCustomerId),
    };
    const update = async (name: string, input: object) => {
      const options = Object.entries({ ...common, name, input: JSON.stringify(input) });
      const args = options.flatMap(([option, value]) => [`--${option}`, value]);
      return await promisify(execFile)(binary, ['workflow', 'update', 'execute', ...args]);
    };
    await update('suspend', { reason: 'fraud', by: 'ops' });
    expect(await stateOf(billing, customer)).toMatchObject({ status: 'suspended', waitingFor: 'operator' });
    await expect(update('suspend', { reason: 'again', by: 'ops' })).rejects.toMatchObject({
      stderr: expect.stringContaining('suspended already') as string,
    });
    await expect(update('reactivate', { by: 5 })).rejects.toMatchObject({
      stderr: expect.stringContaining('must be a text') as string,
    });
  });
});

it('a user nobody knows, or who never began a Checkout, is said to be so', async () => {
  expect((await run('customer', 'nobody', '--mode', 'test')).output).toContain('There is no user nobody');
  expect((await run('customer', 'cus_nobody', '--mode', 'test')).output).toContain('No billing runs');
  const other = await newCustomer(billing);
  expect((await run('customer', other.userId)).output).toContain('There is no user');
});

it('on a database of an earlier version a command brings it to the newest first', async () => {
  await withFreshDatabase(async (url) => {
    const { output } = await runBilling(url, ['customer', 'nobody', '--mode', 'test']);
    expect(output).toContain('There is no user nobody');
  });
});

it('a cluster that is added takes also one who waits and whose workflow was ended by hand', async () => {
  const waiting = await subscribedCustomer(billing, { mode: 'live' });
  expect(await stateOf(billing, waiting)).toMatchObject({ waitingFor: 'cluster' });
  const workflowId = customerBillingWorkflowId('live', waiting.stripeCustomerId);
  await billing.temporal.workflow.getHandle(workflowId).terminate('by hand');
  expect((await run('cluster', 'other-cluster', '1')).status).toBe(0);
  const placed = await stateIs(billing, waiting, 'a place', ({ clusterId }) => clusterId !== null);
  expect(placed.clusterId).toBe('other-cluster');
});

it('a cluster that is added takes those who wait, at once', async () => {
  const waiting = await subscribedCustomer(billing, { mode: 'live' });
  expect(await stateOf(billing, waiting)).toMatchObject({ waitingFor: 'cluster' });
  const { output, status } = await run('cluster', 'new-cluster', '1');
  expect(output).toContain('1 who waited have a place now.');
  expect(status).toBe(0);
  const placed = await stateIs(billing, waiting, 'a place', ({ waitingFor }) => waitingFor === null);
  expect(placed.clusterId).toBe('new-cluster');
  const [subscription] = await subscriptionsOf(billing, waiting);
  await billing.stripe.live.subscriptions.cancel(subscription?.id ?? '');
  expect(await settled(billing, waiting)).toMatchObject({ status: 'suspended', clusterId: null });
});
