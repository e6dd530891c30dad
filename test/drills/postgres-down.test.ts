import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deliveries } from '../../chaos/deliveries.ts';
import {
  type Customer,
  completeCheckout,
  newCustomer,
  simulate,
  stateOf,
  subscribedCustomer,
  subscriptionsOf,
  userOf,
} from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { Settling } from '../../chaos/world/settling.ts';
import { usersWithCustomer } from '../../chaos/world/usage.ts';
import { startClose } from '../../cli/close.ts';
import { type BillingPeriod, parseBillingPeriod } from '../../domain/billing-period.ts';
import type { Delivery } from '../../stripe-simulator/store.ts';
import { type Drill, startDrill } from './drill.ts';
import { expectRisingHoursInvoiced, unansweredWrites, useRisingHours } from './outcomes.ts';

let drill: Drill;
beforeAll(async () => {
  drill = await startDrill();
});
afterAll(() => drill.stop());

test('killed in the middle of customers’ steps: webhooks are taken all the same, and each step is done once', async () => {
  const settling = new Settling(drill);
  const subscribed = await Promise.all(Array.from({ length: 3 }, () => subscribedCustomer(drill)));
  const subscribing = await Promise.all(Array.from({ length: 4 }, () => newCustomer(drill)));
  // Stripe makes the subscriptions, and when it says so nobody is there to write it down.
  await fault('POST /v1/subscriptions', { count: subscribing.length, latencyMs: 3_000 });
  await Promise.all(subscribing.map(({ checkout }) => completeCheckout(drill, checkout.id)));
  await eventually(
    'all to be on their way',
    () => unansweredWrites(drill),
    (writes) => writes.length === subscribing.length,
  );
  await drill.parts.postgres.kill();

  for (const customer of subscribed) {
    const [subscription] = await subscriptionsOf(drill, customer);
    await drill.stripe.test.subscriptions.update(subscription?.id ?? '', {
      metadata: { changed: 'meanwhile' },
    });
  }
  await eventually(
    'each webhook to have an answer',
    () => deliveries(drill),
    (all) => all.every(({ attempts }) => attempts.length > 0) && countSubscriptions(all) === 10,
  );
  const ready = await fetch(`${drill.apiUrl}/readyz`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toEqual({ status: 'unavailable', missing: ['database'] });
  expect((await fetch(`${drill.apiUrl}/metrics`)).status).toBe(200);

  await drill.parts.postgres.restart();
  await settling.isOver();
  // Not one was refused, and what came in meanwhile is written down as well.
  const all = await deliveries(drill);
  expect(all.flatMap(({ attempts }) => attempts.map(({ status }) => status))).toEqual(all.map(() => 200));
  await eventually(
    'all receipts',
    () => countRows('webhook_receipts'),
    (receipts) => receipts === all.length,
  );

  const events = await settling.countEvents('test');
  for (const customer of [...subscribed, ...subscribing]) {
    expect(await subscriptionsOf(drill, customer)).toMatchObject([{ status: 'active' }]);
    expect(await stateOf(drill, customer)).toMatchObject({
      status: 'active',
      parked: null,
      appliedEvents: events.get(customer.stripeCustomerId),
    });
    expect((await userOf(drill, customer)).cluster_id).not.toBeNull();
  }
  expect(drill.endedByThemselves).toEqual([]);
});

test('killed in the middle of batches of usage: each is stored whole or not at all, and none is counted twice', async () => {
  const users = await usersWithCustomer(drill, 3);
  const batches = Array.from({ length: 40 }, () => batchOf(users, 300));
  const sends = batches.map(send);
  await Promise.race(sends);
  await drill.parts.postgres.kill();
  const answers = await Promise.all(sends);
  const stored = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status !== 200);
  expect(stored.length).toBeGreaterThan(0);
  expect(refused.length).toBeGreaterThan(0);
  for (const answer of refused) {
    expect(answer).toMatchObject({ status: 503, body: { error: { code: 'database_unavailable' } } });
  }

  await drill.parts.postgres.restart();
  const ids = await countRows('usage_event_ids');
  expect(ids % 300).toBe(0);
  expect([await countRows('usage_events'), await countRows('storage_levels')]).toEqual([ids / 2, ids / 2]);
  await eventually(
    'the api to be ready',
    () => fetch(`${drill.apiUrl}/readyz`),
    ({ ok }) => ok,
  );
  for (const [index, batch] of batches.entries()) {
    const { status, body } = await send(batch);
    expect(status).toBe(200);
    // Of one that was refused the answer may be all that got lost.
    if (answers[index]?.status === 200) expect(body).toMatchObject({ accepted: 0, duplicates: 300 });
    else expect([0, 300]).toContain(body['accepted']);
  }
  expect([await countRows('usage_events'), await countRows('storage_levels')]).toEqual([40 * 150, 40 * 150]);
  const { hours } = await drill.db
    .selectFrom('usage_totals')
    .select(({ fn }) => fn.sum<string>('used_quantity').as('hours'))
    .where('product', '=', 'gpu_hour')
    .executeTakeFirstOrThrow();
  expect(Number(hours)).toBe(40 * 150);
  expect(drill.endedByThemselves).toEqual([]);
});

test.each([
  ['killed', '2024-01', () => drill.parts.postgres.kill()],
  ['stopped', '2024-02', () => drill.parts.postgres.stop()],
] as const)(
  '%s while bills are frozen, and again while they go out: each customer has one invoice, to the cent',
  async (_, month, end) => {
    const period = parseBillingPeriod(month);
    const customers = (await usersWithCustomer(drill, 24)).toSorted((a, b) => (a.userId < b.userId ? -1 : 1));
    await useRisingHours(drill, customers, period);
    const release = await lockUser(customers[12]);
    const close = await startClose(drill.temporal, { mode: 'test', period });
    await eventually(
      'the freeze to stand still half-way',
      () => countBills(period),
      (bills) => bills === 12,
    );
    await end();
    await release();
    await fault('POST /v1/invoices', { count: customers.length, latencyMs: 1_500 });
    await drill.parts.postgres.restart();
    await eventually(
      'bills to be on their way',
      () => unansweredWrites(drill),
      (writes) => writes.length > 10,
    );
    await end();
    await drill.parts.postgres.restart();

    await expectRisingHoursInvoiced(drill, customers, close);
    expect(drill.endedByThemselves).toEqual([]);
  },
);

const fault = async (route: string, options: { readonly count: number; readonly latencyMs: number }) =>
  await simulate(drill, 'faults', { route, kind: 'latency', ...options });

const countSubscriptions = (all: readonly Delivery[]) =>
  all.filter(({ eventType }) => /^customer\.subscription\.(created|updated)$/.test(eventType)).length;

async function countRows(
  table: 'webhook_receipts' | 'usage_event_ids' | 'usage_events' | 'storage_levels',
): Promise<number> {
  const { rows } = await drill.db
    .selectFrom(table)
    .select(({ fn }) => fn.countAll<string>().as('rows'))
    .executeTakeFirstOrThrow();
  return Number(rows);
}

async function countBills(period: BillingPeriod): Promise<number> {
  const { bills } = await drill.db
    .selectFrom('bills')
    .select(({ fn }) => fn.countAll<string>().as('bills'))
    .where('period', '=', period)
    .executeTakeFirstOrThrow();
  return Number(bills);
}

type Batch = readonly Readonly<Record<string, string>>[];

/** So many events, of what is summed and of disks by turns. */
function batchOf(users: readonly Customer[], size: number): Batch {
  const occurredAt = new Date().toISOString();
  return Array.from({ length: size }, (_, index) => ({
    id: randomUUID(),
    userId: users[index % users.length]?.userId ?? '',
    quantity: '1',
    occurredAt,
    ...(index % 2 === 0
      ? { product: 'gpu_hour' }
      : { product: 'storage_gb_month', resourceId: `disk-${randomUUID()}` }),
  }));
}

async function send(
  events: Batch,
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const response = await fetch(`${drill.apiUrl}/api/usage-events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${drill.apiKeys.test}`, 'content-type': 'application/json' },
    body: JSON.stringify({ events }),
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the api's answers are objects
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** Nobody can freeze the user's bill until this is over, or the database is. */
async function lockUser(customer: Customer | undefined): Promise<() => Promise<void>> {
  const client = new Client({ connectionString: drill.databaseUrl });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('BEGIN');
  await client.query('SELECT 1 FROM users WHERE user_id = $1 FOR UPDATE', [customer?.userId]);
  return () => client.end();
}
