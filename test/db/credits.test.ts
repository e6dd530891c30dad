import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { listBills } from '../../db/bills.ts';
import { creditBalanceCents } from '../../db/credits.ts';
import { freezeBill } from '../../db/freeze.ts';
import { registerUser } from '../../db/users.ts';
import { useTestDatabase } from '../support/database.ts';
import {
  AUGUST,
  frozenBill,
  grantCredits,
  ingest,
  level,
  newUser,
  OCTOBER,
  SEPTEMBER,
  usage,
} from './fixtures.ts';

const database = useTestDatabase({ pricesOf: ['live', 'test'] });
let userId: string;
beforeEach(async () => {
  userId = await newUser(database.db);
});

const balance = (mode: 'live' | 'test' = 'test') => creditBalanceCents(database.db, mode, userId);

describe('credits pay first', () => {
  test('what credits do not cover is what Stripe collects', async () => {
    await grantCredits(database.db, userId, 300);
    await ingest(database.db, [usage(userId, { quantity: '100' })]);
    const bill = await frozenBill(database.db, userId);
    expect(bill).toMatchObject({ status: 'frozen', totalCents: 700 });
    expect(bill.lines[1]).toMatchObject({
      product: 'credits',
      quantity: '-3',
      unitPriceCents: '100',
      amountCents: -300,
      description: 'Credits used',
    });
    expect(await balance()).toBe(0);
  });

  test('a bill that credits cover whole is paid at once, and the rest of the credits stays', async () => {
    await grantCredits(database.db, userId, 1_500);
    await ingest(database.db, [usage(userId, { quantity: '100' })]);
    expect(await frozenBill(database.db, userId)).toMatchObject({ status: 'paid', totalCents: 0 });
    expect(await balance()).toBe(500);
  });

  test('the ledger says which bill used the credits', async () => {
    await grantCredits(database.db, userId, 300);
    await ingest(database.db, [usage(userId, { quantity: '100' })]);
    const { billId } = await frozenBill(database.db, userId);
    const entries = await database.db
      .selectFrom('credit_entries')
      .select(['amount_cents', 'cause'])
      .where('user_id', '=', userId)
      .orderBy('entry_id')
      .execute();
    expect(entries).toEqual([
      { amount_cents: 300, cause: expect.stringMatching(/^checkout:cs_/) as string },
      { amount_cents: -300, cause: `bill:${billId}` },
    ]);
  });

  test('a correction beyond the month’s usage comes back as credits, which pay the next month', async () => {
    await ingest(database.db, [level(userId, '100', '2026-08-01T00:00:00Z')]);
    expect((await frozenBill(database.db, userId, AUGUST)).totalCents).toBe(1_500);
    await ingest(database.db, [level(userId, '0', '2026-08-01T00:00:00.001Z')]);
    expect(await frozenBill(database.db, userId, SEPTEMBER)).toMatchObject({ status: 'paid', totalCents: 0 });
    expect(await balance()).toBe(1_500);
    await ingest(database.db, [
      usage(userId, { quantity: '200', occurredAt: new Date('2026-10-10T00:00:00Z') }),
    ]);
    expect((await frozenBill(database.db, userId, OCTOBER)).totalCents).toBe(500);
    expect(await balance()).toBe(0);
  });

  test('credits of test mode never pay a live bill', async () => {
    await registerUser(database.db, { mode: 'live', userId, email: 'live@example.com', name: 'Live' });
    await grantCredits(database.db, userId, 5_000, 'test');
    await ingest(database.db, [usage(userId, { quantity: '100' })], 'live');
    expect(await frozenBill(database.db, userId, SEPTEMBER, 'live')).toMatchObject({
      status: 'frozen',
      totalCents: 1_000,
    });
    expect(await balance('live')).toBe(0);
    expect(await balance('test')).toBe(5_000);
  });
});

test('concurrent freezes of two months never overdraw the balance', async () => {
  const users = await Promise.all(Array.from({ length: 6 }, () => newUser(database.db)));
  for (const each of users) {
    await grantCredits(database.db, each, 500);
    await ingest(database.db, [
      usage(each, { quantity: '40' }),
      usage(each, { quantity: '40', occurredAt: new Date('2026-10-15T00:00:00Z') }),
    ]);
  }
  await Promise.all(
    users.flatMap((each, index) => {
      const periods = index % 2 === 0 ? [SEPTEMBER, OCTOBER] : [OCTOBER, SEPTEMBER];
      return periods.map((period) => freezeBill(database.db, { mode: 'test', userId: each, period }));
    }),
  );
  for (const each of users) {
    expect(await creditBalanceCents(database.db, 'test', each)).toBe(0);
    const bills = await listBills(database.db, 'test', each);
    expect(bills.reduce((sum, bill) => sum + bill.totalCents, 0)).toBe(800 - 500);
  }
});

describe('what is written stays written', () => {
  test.each(['bill_lines', 'credit_entries'] as const)(
    'the database refuses to change or delete rows of %s',
    async (table) => {
      await grantCredits(database.db, userId, 100);
      await ingest(database.db, [usage(userId, { quantity: '100' })]);
      await frozenBill(database.db, userId);
      const before = await database.db.selectFrom(table).selectAll().execute();
      expect(before.length).toBeGreaterThan(0);
      const refusal = `${table} rows never change once written`;
      const changing = sql`UPDATE ${sql.table(table)} SET amount_cents = amount_cents + 1`;
      await expect(changing.execute(database.db)).rejects.toThrow(refusal);
      await expect(sql`DELETE FROM ${sql.table(table)}`.execute(database.db)).rejects.toThrow(refusal);
      expect(await database.db.selectFrom(table).selectAll().execute()).toEqual(before);
    },
  );

  test('one cause gives credits once in each mode', async () => {
    const cause = `checkout:${userId}`;
    const entry = { mode: 'test' as const, user_id: userId, amount_cents: 100, cause, lot: cause };
    await database.db.insertInto('credit_entries').values(entry).execute();
    await expect(database.db.insertInto('credit_entries').values(entry).execute()).rejects.toThrow(
      'duplicate key',
    );
  });
});
