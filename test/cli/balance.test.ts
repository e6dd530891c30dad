import { afterAll, beforeAll, expect, it } from 'vitest';
import { parkBill } from '../../db/bill-status.ts';
import { freezeBill } from '../../db/freeze.ts';
import { ensurePriceList } from '../../db/price-list.ts';
import { ingest, newUser, SEPTEMBER, usage } from '../db/fixtures.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runBilling } from './command.ts';

let database: TestDatabase;
let userId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  await ensurePriceList(db, 'live');
  userId = await newUser(db, 'live');
  await ingest(db, [usage(userId, { quantity: '30' })], 'live');
});
afterAll(() => database.drop());

const balance = (...args: string[]) => runBilling(database.url, ['balance', '2026-09', ...args]);

it('tells where all usage of a month has gone: on no bill, on one, and on one that nobody can be billed for', async () => {
  const { db } = database;
  const { status, output } = await balance();
  expect(status).toBe(0);
  expect(output).toMatch(
    /Used +Paid +Collecting +Not sent +Held +Parked +Unbillable +Written off +On no bill$/m,
  );
  expect(output).toMatch(/CPU Hour +\$3\.00( +\$0\.00){7} +\$3\.00$/m);
  expect(output).toMatch(/Total +\$3\.00( +\$0\.00){7} +\$3\.00$/m);

  const [billId] = await freezeBill(db, { mode: 'live', userId, period: SEPTEMBER });
  expect((await balance()).output).toMatch(/Total +\$3\.00( +\$0\.00){2} +\$3\.00( +\$0\.00){5}$/m);

  await parkBill(db, 'live', billId ?? '', 'no Stripe customer');
  expect((await balance()).output).toMatch(/Total +\$3\.00( +\$0\.00){5} +\$3\.00( +\$0\.00){2}$/m);
});

it('gives programs the products and their totals, and says with its exit status that they contradict the bills', async () => {
  const { db } = database;
  await db.updateTable('usage_totals').set({ billed_quantity: '7' }).where('user_id', '=', userId).execute();
  const { status, output } = await balance('--json');
  expect(status).toBe(1);
  expect(output).toContain('Of 1 users the totals say that other than');
  expect(JSON.parse(output.slice(0, output.lastIndexOf('}') + 1))).toMatchObject({
    mode: 'live',
    period: '2026-09',
    products: [{ product: 'cpu_hour', billedCents: { unbillable: 300 } }, {}, {}, {}],
    totals: { usedCents: 530, unbillableCents: 300, unbilledCents: 230, contradictions: 1 },
  });
});
