import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addMonthMetrics, readLastMonths } from '../../api/month-metrics.ts';
import { parkBill } from '../../db/bill-status.ts';
import { openDatabase } from '../../db/database.ts';
import { freezeBill } from '../../db/freeze.ts';
import { sumCents } from '../../domain/money.ts';
import { AUGUST, becomeCustomer, ingest, newUser, SEPTEMBER, settleBill, usage } from '../db/fixtures.ts';
import { request, startTestApi, type TestApi } from './harness.ts';

let api: TestApi;
beforeEach(async () => {
  api = await startTestApi({ now: () => new Date('2026-10-20T12:00:00Z') });
});
afterEach(() => api.close());

const freeze = async (userId: string, period = SEPTEMBER) =>
  (await freezeBill(api.db, { mode: 'test', userId, period }))[0] ?? '';

/** The month's lines of a metric. */
async function scraped(metric: string): Promise<string[]> {
  const { status, body } = await request(api, 'GET', '/metrics');
  expect(status).toBe(200);
  return String(body)
    .split('\n')
    .filter((line) => line.startsWith(`${metric}{`));
}

const september = (state: string, cents: number) =>
  `billing_month_cents{mode="test",period="2026-09",state="${state}"} ${cents}`;

test('after a close the states of the month that is over are all that was used, and the month before is there too', async () => {
  const { db } = api;
  const users = await Promise.all(Array.from({ length: 8 }, () => newUser(db)));
  for (const [index, userId] of users.entries())
    await ingest(db, [usage(userId, { quantity: String(2 ** index) })]); // 10, 20, 40, … 1,280 cents
  const [paid = '', failed = '', gone = '', waiting = '', held = '', parked = '', stranger = ''] = users;
  await settleBill(db, await freeze(paid), 'paid');
  await settleBill(db, await freeze(failed), 'payment_failed');
  await settleBill(db, await freeze(gone), 'void');
  await freeze(waiting);
  await db
    .updateTable('bills')
    .set({ status: 'held' })
    .where('bill_id', '=', await freeze(held))
    .execute();
  await becomeCustomer(db, parked);
  for (const userId of [parked, stranger]) await parkBill(db, 'test', await freeze(userId), 'refused');
  const august = usage(paid, { occurredAt: new Date('2026-08-15T00:00:00Z') });
  await ingest(db, [august]);
  await freeze(paid, AUGUST);

  const lines = await scraped('billing_month_cents');
  expect(lines.slice(0, 8)).toEqual([
    september('paid', 10),
    september('collecting', 20),
    september('waiting', 80),
    september('held', 160),
    september('parked', 320),
    september('unbillable', 640),
    september('written_off', 40),
    september('unbilled', 1_280),
  ]);
  const shown = lines.slice(0, 8).map((line) => Number(line.split(' ').at(-1)));
  expect(sumCents(shown)).toBe(10 * (2 ** users.length - 1));
  // Nobody uses live mode: it has no series.
  expect(lines.slice(8)).toHaveLength(8);
  expect(lines[10]).toBe('billing_month_cents{mode="test",period="2026-08",state="waiting"} 10');
  expect(await scraped('billing_month_contradictions')).toEqual([
    'billing_month_contradictions{mode="test",period="2026-09"} 0',
    'billing_month_contradictions{mode="test",period="2026-08"} 0',
  ]);
});

test('totals that were changed by hand are counted', async () => {
  const { db } = api;
  const userId = await newUser(db);
  await ingest(db, [usage(userId)]);
  await freeze(userId);
  await db.updateTable('usage_totals').set({ billed_quantity: '7' }).execute();
  expect(await scraped('billing_month_contradictions')).toContain(
    'billing_month_contradictions{mode="test",period="2026-09"} 1',
  );
});

test('a mode that can not be read leaves the other as it is', async () => {
  const { db } = api;
  await newUser(db, 'live');
  await newUser(db, 'test');
  await db.deleteFrom('stripe_products').where('mode', '=', 'live').execute();
  const lines = await scraped('billing_month_cents');
  expect(lines).toHaveLength(16);
  expect(lines.every((line) => line.includes('mode="test"'))).toBe(true);
  expect(api.logged()).toMatch(/"mode":"live".*stripe_products has no price.*can not be read/);
});

test('Health shows the reading that the metrics have taken, and takes none of its own', async () => {
  const userId = await newUser(api.db);
  expect(await scraped('billing_month_cents')).not.toEqual([]);
  await ingest(api.db, [usage(userId)]);
  const { body } = await request(api, 'GET', '/api/admin/health');
  const { checks } = body as { readonly checks: readonly Record<string, unknown>[] };
  const lastMonth = checks.find(({ id, mode }) => id === 'last_month' && mode === 'test');
  expect(lastMonth).toMatchObject({ finding: '2026-09: used $0.00, of it $0.00 on no bill.' });
});

test('without the database the metric is absent, the log says so, and all others are there', async () => {
  // Nobody listens on port 1.
  const db = openDatabase('postgres://nobody@127.0.0.1:1/none');
  const metrics = new Registry();
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => lines.push(line) });
  addMonthMetrics(metrics, readLastMonths({ db, log }));
  const text = await metrics.metrics();
  expect(text).toContain('# TYPE billing_month_cents gauge');
  expect(text).not.toMatch(/^billing_month/m);
  await metrics.metrics();
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/"level":40.*ECONNREFUSED.*can not be read/);
  await db.destroy();
});
