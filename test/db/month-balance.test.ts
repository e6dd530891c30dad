import { sql } from 'kysely';
import { beforeEach, expect, test } from 'vitest';
import { parkBill } from '../../db/bill-status.ts';
import { freezeBill } from '../../db/freeze.ts';
import { loadMonthBalance } from '../../db/month-balance.ts';
import { ensurePriceList } from '../../db/price-list.ts';
import { useTestDatabase } from '../support/database.ts';
import { becomeCustomer, ingest, level, newUser, OCTOBER, SEPTEMBER, settleBill, usage } from './fixtures.ts';

const database = useTestDatabase();
beforeEach(async () => {
  await sql`TRUNCATE usage_totals, usage_events, usage_event_ids, storage_levels, bill_lines, bills`.execute(
    database.db,
  );
  await ensurePriceList(database.db, 'test');
});

const balance = (period = SEPTEMBER) => loadMonthBalance(database.db, { mode: 'test', period });
const freeze = (userId: string, period = SEPTEMBER) =>
  freezeBill(database.db, { mode: 'test', userId, period });

const settle = ([billId = '']: readonly string[], status: 'paid' | 'payment_failed' | 'void') =>
  settleBill(database.db, billId, status);

test('all usage of a month is on a bill of some status, or on none, to the cent', async () => {
  const { db } = database;
  const users = await Promise.all([1, 2, 3, 4, 5].map(() => newUser(db)));
  for (const [index, userId] of users.entries())
    await ingest(db, [usage(userId, { quantity: String(10 ** index) })]); // 10, 100, … 100,000 cents
  const [paid = '', failed = '', gone = '', waiting = '', late = ''] = users;
  await settle(await freeze(paid), 'paid');
  await settle(await freeze(failed), 'payment_failed');
  await settle(await freeze(gone), 'void');
  await freeze(waiting);
  // Late usage of September is September's, whichever bill holds it.
  await ingest(db, [usage(paid, { quantity: '0.7' }), usage(waiting, { quantity: '0.3' })]);
  await freeze(paid, OCTOBER);

  const [cpu, ...others] = await balance();
  expect(cpu).toEqual({
    product: 'cpu_hour',
    usedCents: 111_110 + 7 + 3,
    billedCents: {
      paid: 10,
      collecting: 100,
      waiting: 10_007,
      held: 0,
      parked: 0,
      unbillable: 0,
      writtenOff: 1_000,
    },
    unbilledCents: 100_003,
    unbilledUsers: 2,
    contradictions: 0,
  });
  expect(others.every(({ usedCents, contradictions }) => usedCents === 0 && contradictions === 0)).toBe(true);
  await freeze(late);
  await freeze(waiting, OCTOBER);
  expect((await balance())[0]).toMatchObject({ usedCents: 111_120, unbilledCents: 0, unbilledUsers: 0 });
});

test('a parked bill of a user whom Stripe does not know is unbillable, until they begin a Checkout', async () => {
  const { db } = database;
  const [refused, stranger] = [await newUser(db), await newUser(db)];
  await ingest(db, [usage(refused, { quantity: '1' }), usage(stranger, { quantity: '2' })]);
  await becomeCustomer(db, refused);
  for (const userId of [refused, stranger])
    await parkBill(db, 'test', (await freeze(userId))[0] ?? '', 'refused');

  expect((await balance())[0]).toMatchObject({ usedCents: 30, billedCents: { parked: 10, unbillable: 20 } });
  await becomeCustomer(db, stranger);
  expect((await balance())[0]).toMatchObject({ usedCents: 30, billedCents: { parked: 30, unbillable: 0 } });
});

test('storage that is carried over counts in each month that carries it', async () => {
  const { db } = database;
  const userId = await newUser(db);
  await ingest(db, [level(userId, '10', '2026-08-16T12:00:00Z')]);
  const storageOf = async (period = SEPTEMBER) =>
    (await balance(period)).find(({ product }) => product === 'storage_gb_month');
  expect(await storageOf()).toMatchObject({ usedCents: 150, unbilledCents: 150, unbilledUsers: 1 });
  await freeze(userId);
  expect(await storageOf()).toMatchObject({ usedCents: 150, unbilledCents: 0, contradictions: 0 });
  expect(await storageOf(OCTOBER)).toMatchObject({ usedCents: 150, unbilledCents: 150 });
  await ingest(db, [level(userId, '0', '2026-09-16T00:00:00Z')]);
  expect(await storageOf()).toMatchObject({ usedCents: 75, unbilledCents: -75, unbilledUsers: 1 });
});

test('totals that somebody has changed by hand are found', async () => {
  const { db } = database;
  const userId = await newUser(db);
  await ingest(db, [usage(userId)]);
  await freeze(userId);
  await db.updateTable('usage_totals').set({ billed_quantity: '7' }).where('user_id', '=', userId).execute();
  expect((await balance())[0]).toMatchObject({ contradictions: 1 });
  await db.deleteFrom('usage_totals').where('user_id', '=', userId).execute();
  expect((await balance())[0]).toMatchObject({ contradictions: 1 });
});
