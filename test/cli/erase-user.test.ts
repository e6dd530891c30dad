import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { newCustomer } from '../../chaos/world/customers.ts';
import { ensurePriceList } from '../../db/price-list.ts';
import { findUser } from '../../db/users.ts';
import { becomeCustomer, grantCredits, ingest, newUser, usage } from '../db/fixtures.ts';
import { type BillingService, startBilling } from '../support/billing-worker.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { workflowBundle } from '../support/workflow-bundle.ts';
import { runBilling } from './command.ts';

let database: TestDatabase;
let billing: BillingService;
beforeAll(async () => {
  database = await createTestDatabase();
  await ensurePriceList(database.db, 'test');
  billing = await startBilling({
    db: database.db,
    temporalAddress: inject('temporalAddress'),
    workflowBundle: workflowBundle(),
  });
  await billing.startWorker();
});
afterAll(async () => {
  await billing.stop();
  await database.drop();
});

const erase = (...args: string[]) =>
  runBilling(database.url, ['erase-user', '--mode', 'test', ...args], {
    TEMPORAL_NAMESPACE: billing.temporal.options.namespace,
  });

it('says what goes and what stays, and does nothing unless told to', async () => {
  const { db } = database;
  const userId = await newUser(db);
  await becomeCustomer(db, userId);
  await grantCredits(db, userId, 250);
  const { status, output } = await erase(userId);
  expect(status).toBe(0);
  expect(output).toContain(`The data of ${userId} (test) is erased so:`);
  expect(output).toContain("- credits of $2.50 can't be used any more");
  expect(output).toMatch(/- cus_\S+ is deleted in Stripe/);
  expect(output).toContain('- 0 bills with their lines, credits, usage and ids stay');
  expect(output).toContain('Nothing was done. With --apply it is, and cannot be undone.');
  expect(await findUser(db, 'test', userId)).toMatchObject({ erased_at: null, name: 'Ada' });
});

it('says what is in the way, and what giving it up would come to', async () => {
  const { db } = database;
  const userId = await newUser(db);
  await ingest(db, [usage(userId, { quantity: '25' })]);
  const refused = await erase(userId, '--apply');
  expect(refused.status).toBe(1);
  expect(refused.output).toContain('Usage of $2.50 is not billed yet');
  expect((await erase(userId, '--write-off')).output).toContain('- $2.50 not billed yet are given up');
  expect((await erase('nobody')).output).toContain('There is no user nobody in test mode.');
});

it('does it with --apply, and says how much of what is gone', async () => {
  const { userId, stripeCustomerId } = await newCustomer(billing);
  const { status, output } = await erase(userId, '--apply');
  expect({ status, output }).toMatchObject({ status: 0 });
  expect(output).toMatch(/Erased: the customer in Stripe, e-mail and name, 0 payment methods, 0 sessions, /);
  expect(await billing.stripe.test.customers.retrieve(stripeCustomerId)).toMatchObject({ deleted: true });
  expect((await erase(userId)).output).toContain(`The data of ${userId} (test) was erased; once more:`);

  const secret = 'x'.repeat(32);
  const link = await runBilling(database.url, ['account-link', userId, '--mode', 'test'], {
    ACCOUNT_SESSION_SECRETS: secret,
    ACCOUNT_TEST_LINK_SECRETS: secret,
  });
  expect(link).toMatchObject({ status: 1 });
  expect(link.output).toContain(`The data of the user "${userId}" was erased`);
});
