import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createErasureActivities } from '../../activities/erasure.ts';
import { decideOnCustomer } from '../../api/temporal/decisions.ts';
import { eraseUser } from '../../api/temporal/erasure.ts';
import {
  type Customer,
  callApi,
  newCustomer,
  PERSON,
  settled,
  subscribedCustomer,
  userOf,
  workflowOf,
} from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { sendUsage } from '../../chaos/world/host-product.ts';
import { billGpuHour, pastDueCustomer, useGpu, userWithoutCustomer } from '../../chaos/world/usage.ts';
import { closeMonth } from '../../cli/close.ts';
import { listBills } from '../../db/bills.ts';
import { loadErasableUser } from '../../db/erasure.ts';
import { freezeBill } from '../../db/freeze.ts';
import { listPaymentMethods } from '../../db/payment-methods.ts';
import { billingPeriodOf, parseBillingPeriod } from '../../domain/billing-period.ts';
import { SUSPEND_UPDATE } from '../../domain/customer-workflow.ts';
import { userErasureStart } from '../../domain/erasure.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { type History, jsonOf } from './histories.ts';
import { startTestBilling } from './service.ts';

const NOTE = 'Rang from 555-0199 and was angry';

let billing: BillingService;
beforeAll(async () => {
  billing = await startTestBilling();
  await billing.startWorker();
});
afterAll(() => billing.stop());

/** Has held so much since yesterday. */
async function hold({ mode, userId }: Customer, resourceId: string, quantity: string): Promise<void> {
  const occurredAt = new Date(Date.now() - 86_400_000).toISOString();
  const event = {
    id: randomUUID(),
    userId,
    product: 'storage_gb_month',
    quantity,
    occurredAt,
    resourceId,
  } as const;
  await sendUsage(billing, mode, [event]);
}

/** What went in and out of a workflow, as text. */
function payloadsOf(history: History): string {
  const encoded = [...jsonOf(history).matchAll(/"data": "([^"]*)"/g)].map(([, data = '']) => data);
  return encoded.map((data) => Buffer.from(data, 'base64').toString('utf8')).join('\n');
}

const erase = async ({ mode, userId }: Pick<Customer, 'mode' | 'userId'>, writeOff = false) =>
  await eraseUser(billing.temporal, { mode, userId, writeOff });

/** All that the database holds, row by row. */
async function wholeDatabase(): Promise<string[]> {
  const { rows: tables } = await sql<{ name: string }>`
    SELECT table_name AS name FROM information_schema.tables
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`.execute(billing.db);
  const rows: string[] = [];
  for (const { name } of tables) {
    const { rows: all } = await sql<{
      text: string;
    }>`SELECT each::text AS text FROM ${sql.table(name)} AS each`.execute(billing.db);
    rows.push(...all.map(({ text }) => `${name}: ${text}`));
  }
  return rows;
}

/** What says who somebody is, or what was said about them. */
const PERSONAL = [PERSON.email, PERSON.name, NOTE];

const tellsOfPerson = (text: string) => PERSONAL.some((each) => text.includes(each));

test('an erased user is nobody any more: in the database, in Stripe and in histories; what was billed stays', async () => {
  const customer = await subscribedCustomer(billing, { mode: 'live' });
  const { mode, userId, stripeCustomerId } = customer;
  await billGpuHour(billing, customer);
  await eventually(
    'its payment',
    () => listBills(billing.db, mode, userId),
    ([bill]) => bill?.status === 'paid',
  );
  await settled(billing, customer);
  await decideOnCustomer(billing.temporal, customer, {
    update: SUSPEND_UPDATE,
    request: { reason: NOTE, by: 'ops' },
  });
  await sql`
    INSERT INTO account_sessions (sid, sess, expire)
    VALUES ('theirs', ${JSON.stringify({ account: { mode, userId } })}, now() + interval '1 hour')`.execute(
    billing.db,
  );
  const billsBefore = await listBills(billing.db, mode, userId);
  // Their row, and the decision about them.
  expect((await wholeDatabase()).filter(tellsOfPerson)).toHaveLength(2);
  expect(await listPaymentMethods(billing.db, customer)).toHaveLength(1);

  expect(await erase(customer)).toMatchObject({ hadStripeCustomer: true, accountSessions: 1, notes: 1 });

  expect(await billing.stripe[mode].customers.retrieve(stripeCustomerId)).toMatchObject({ deleted: true });
  await settled(billing, customer);
  expect((await wholeDatabase()).filter(tellsOfPerson)).toEqual([]);
  expect(await listPaymentMethods(billing.db, customer)).toEqual([]);
  const links = { hostedInvoiceUrl: null, invoicePdfUrl: null };
  expect(await listBills(billing.db, mode, userId)).toEqual(
    billsBefore.map((bill) => ({ ...bill, ...links })),
  );
  for (const handle of [
    workflowOf(billing, customer),
    billing.temporal.workflow.getHandle(userErasureStart({ mode, userId, writeOff: false }).workflowId),
  ]) {
    const text = payloadsOf(await handle.fetchHistory());
    expect(text).toContain(userId);
    expect(text).not.toContain(PERSON.email);
    expect(text).not.toContain(PERSON.name);
  }
  // Their place on a cluster is somebody else's.
  expect(await userOf(billing, customer)).toMatchObject({ status: 'suspended', cluster_id: null });
});

test('nothing of an erased user is taken any more, and each refusal says so', async () => {
  const customer = await newCustomer(billing, 'test');
  await erase(customer);
  const refused = /"user_erased"/;
  const path = `/api/users/${customer.userId}`;
  await expect(callApi(billing, 'test', 'PUT', path, { body: PERSON })).rejects.toThrow(refused);
  await expect(callApi(billing, 'test', 'GET', `${path}/billing`)).rejects.toThrow(refused);
  const pages = { successUrl: 'https://host.example/', cancelUrl: 'https://host.example/' };
  await expect(
    callApi(billing, 'test', 'POST', `${path}/checkout-sessions`, {
      body: { mode: 'setup', ...pages },
      idempotencyKey: randomUUID(),
    }),
  ).rejects.toThrow(refused);
  const event = { id: randomUUID(), userId: customer.userId, product: 'gpu_hour', quantity: '1' } as const;
  await expect(
    sendUsage(billing, 'test', [{ ...event, occurredAt: new Date().toISOString() }]),
  ).rejects.toThrow(refused);
  // In the other world they are another user.
  await callApi(billing, 'live', 'PUT', path, { body: PERSON });
});

test('a user whom Stripe never knew is erased as well, and again without another effect', async () => {
  const user = await userWithoutCustomer(billing);
  expect(await erase(user)).toMatchObject({ hadStripeCustomer: false });
  const { erased_at: erasedAt } = await userOf(billing, user);
  expect(erasedAt).toBeInstanceOf(Date);
  expect(await erase(user)).toMatchObject({ hadStripeCustomer: false });
  expect((await userOf(billing, user)).erased_at).toEqual(erasedAt);
});

describe('what is not settled keeps a user from being erased', () => {
  test('usage that is not billed yet, a disk that holds something, an unpaid bill: each is named, and nothing has changed', async () => {
    const customer = await subscribedCustomer(billing);
    await useGpu(billing, customer, parseBillingPeriod('2021-03'), '2');
    await expect(erase(customer)).rejects.toThrow('Usage of $4.00 is not billed yet');
    await hold(customer, 'disk-1', '10');
    await expect(erase(customer)).rejects.toThrow('1 disk holds something still');
    const debtor = await pastDueCustomer(billing, 'test');
    await expect(erase(debtor)).rejects.toThrow(
      /The bill bill_\w+ of 2020-\d\d over \$2\.00 is payment_failed/,
    );
    for (const each of [customer, debtor]) {
      expect(await userOf(billing, each)).toMatchObject({ ...PERSON, erased_at: null });
      const inStripe = await billing.stripe.test.customers.retrieve(each.stripeCustomerId);
      expect(inStripe.deleted).not.toBe(true);
    }
  });

  test('a bill that Stripe has no invoice of can only be seen to, also where all else is given up', async () => {
    const user = await userWithoutCustomer(billing);
    const period = parseBillingPeriod('2021-04');
    await useGpu(billing, user, period, '1');
    await closeMonth(billing.temporal, { mode: 'test', period });
    await expect(erase(user, true)).rejects.toThrow('is parked and has no invoice');
  });

  test('told to give it up, it voids what is open and writes off what is not billed, and no later close bills it', async () => {
    const debtor = await pastDueCustomer(billing, 'test');
    await useGpu(billing, debtor, parseBillingPeriod('2021-05'), '3');
    await hold(debtor, 'disk-2', '10');
    await erase(debtor, true);
    const { data } = await billing.stripe.test.invoices.list({ customer: debtor.stripeCustomerId });
    expect(data.filter(({ total }) => total > 0).map(({ status }) => status)).toEqual(['void']);
    const bills = await listBills(billing.db, 'test', debtor.userId);
    expect(bills.map(({ status }) => status)).toEqual(['void', 'void']);
    for (const period of [parseBillingPeriod('2021-05'), billingPeriodOf(new Date())])
      expect(await freezeBill(billing.db, { ...debtor, period })).toEqual([]);
    expect(await loadErasableUser(billing.db, debtor, new Date())).toMatchObject({
      isErased: true,
      unsettledBills: [],
      unbilledCents: 0,
      heldDisks: 0,
    });
  });
});

test('each step may be done again, and begins where the last left off', async () => {
  const customer = await subscribedCustomer(billing);
  await hold(customer, 'disk-3', '1');
  const steps = createErasureActivities({
    db: billing.db,
    stripe: billing.stripe,
    temporal: billing.temporal,
  } as unknown as Parameters<typeof createErasureActivities>[0]);
  const input = { mode: 'test', userId: customer.userId, writeOff: true, nowMs: Date.now() } as const;
  for (const step of Object.values(steps)) {
    await step(input);
    await step(input);
  }
  const bills = await listBills(billing.db, 'test', customer.userId);
  expect(bills.map(({ status }) => status)).toEqual(['void']);
  await settled(billing, customer);
});
