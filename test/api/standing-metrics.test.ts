import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addStandingMetrics } from '../../api/standing-metrics.ts';
import { recordAppliedEvents } from '../../db/applied-events.ts';
import { openDatabase } from '../../db/database.ts';
import { freezeBill } from '../../db/freeze.ts';
import { saveReceipts } from '../../db/webhook-receipts.ts';
import type { WebhookReceipt } from '../../domain/webhook-receipt.ts';
import { ingest, newUser, SEPTEMBER, settleBill, usage } from '../db/fixtures.ts';
import { request, startTestApi, type TestApi } from './harness.ts';

const NOW = new Date('2026-10-20T12:00:00Z');
const minutesAgo = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);

let api: TestApi;
beforeEach(async () => {
  api = await startTestApi({ now: () => NOW });
});
afterEach(() => api.close());

/** The series of a metric in test mode that are not zero, as `label value` pairs. */
async function scraped(metric: string): Promise<Record<string, number>> {
  const { body } = await request(api, 'GET', '/metrics');
  const lines = String(body).split('\n');
  const found = lines.flatMap((line) => {
    const [, value = '', count = ''] =
      new RegExp(`^${metric}{mode="test",\\w+="(\\w+)"} (\\d+)$`).exec(line) ?? [];
    return value === '' || count === '0' ? [] : [[value, Number(count)] as const];
  });
  return Object.fromEntries(found);
}

test('customers are counted by status, and those whose billing stands still by what it waits for', async () => {
  const { db } = api;
  const standings = [
    ['active', null],
    ['active', 'cluster'],
    ['past_due', 'payment'],
    ['suspended', 'payment'],
    ['none', 'checkout'],
  ] as const;
  for (const [status, waiting_for] of standings) {
    const userId = await newUser(db);
    await db.updateTable('users').set({ status, waiting_for }).where('user_id', '=', userId).execute();
  }
  expect(await scraped('billing_customers')).toEqual({ active: 2, past_due: 1, suspended: 1, none: 1 });
  expect(await scraped('billing_customers_waiting')).toEqual({ checkout: 1, cluster: 1, payment: 2 });
});

test('bills that are neither paid nor void are counted and summed by status', async () => {
  const { db } = api;
  const statuses = ['held', 'held', 'parked', 'open', 'payment_failed', 'paid', 'void', 'frozen'] as const;
  for (const [index, status] of statuses.entries()) {
    const userId = await newUser(db);
    await ingest(db, [usage(userId, { quantity: String(2 ** index) })]);
    const [billId = ''] = await freezeBill(db, { mode: 'test', userId, period: SEPTEMBER });
    if (status === 'paid' || status === 'void') await settleBill(db, billId, status);
    else await db.updateTable('bills').set({ status }).where('bill_id', '=', billId).execute();
  }
  expect(await scraped('billing_open_bills')).toEqual({
    held: 2,
    parked: 1,
    open: 1,
    payment_failed: 1,
    frozen: 1,
  });
  expect(await scraped('billing_open_bills_cents')).toEqual({
    held: 30,
    parked: 40,
    open: 80,
    payment_failed: 160,
    frozen: 1_280,
  });
});

test('none is a zero in a mode that is used, so that an alert sees it end', async () => {
  const { body } = await request(api, 'GET', '/metrics');
  for (const line of [
    'billing_customers{mode="live",status="past_due"} 0',
    'billing_customers_waiting{mode="test",waiting_for="cluster"} 0',
    'billing_open_bills{mode="test",status="parked"} 0',
    'billing_open_bills_cents{mode="test",status="held"} 0',
    'billing_oldest_unapplied_event_age_seconds{mode="test"} 0',
  ])
    expect(String(body).split('\n')).toContain(line);
});

test('an event that Temporal has stored ages until it has its effect; one of a stranger, or that takes none, does not', async () => {
  const { db } = api;
  const userId = await newUser(db);
  const stripeCustomerId = 'cus_1';
  await db
    .updateTable('users')
    .set({ stripe_customer_id: stripeCustomerId })
    .where('user_id', '=', userId)
    .execute();
  const receipt = (
    eventId: string,
    minutes: number,
    other: Partial<WebhookReceipt> = {},
  ): WebhookReceipt => ({
    mode: 'test',
    receiptId: randomUUID(),
    eventId,
    type: 'invoice.paid',
    outcome: 'accepted',
    reason: null,
    stripeCustomerId,
    envelope: { eventId, type: 'invoice.paid', objectId: 'in_1', created: 1 },
    receivedAt: minutesAgo(minutes),
    verifiedAt: minutesAgo(minutes),
    signalledAt: minutesAgo(minutes),
    ...other,
  });
  await saveReceipts(db, [
    receipt('evt_ancient', 4 * 24 * 60),
    receipt('evt_stranger', 100, { stripeCustomerId: 'cus_2' }),
    receipt('evt_ignored', 90, { outcome: 'ignored', reason: 'type' }),
    receipt('evt_purchase', 80, { type: 'payment_intent.succeeded' }),
    receipt('evt_applied', 70),
    receipt('evt_waits', 60),
    receipt('evt_later', 50),
  ]);
  await db.transaction().execute(async (transaction) => {
    const event = { eventId: 'evt_applied', type: 'invoice.paid', objectId: 'in_1' };
    await recordAppliedEvents(transaction, { mode: 'test', stripeCustomerId }, [event]);
  });
  const { body } = await request(api, 'GET', '/metrics');
  expect(String(body)).toContain('billing_oldest_unapplied_event_age_seconds{mode="test"} 3600\n');
  expect(String(body)).toContain('billing_oldest_unapplied_event_age_seconds{mode="live"} 0\n');
});

test('without the database none of it is shown, and the log says so once', async () => {
  // Nobody listens on port 1.
  const db = openDatabase('postgres://nobody@127.0.0.1:1/none');
  const metrics = new Registry();
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => lines.push(line) });
  addStandingMetrics({ db, log, metrics, webhookSecrets: { live: ['whsec_1'], test: ['whsec_1'] } });
  expect(await metrics.metrics()).not.toMatch(/^billing_/m);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/"level":40.*ECONNREFUSED.*can not be read/);
  await db.destroy();
});
