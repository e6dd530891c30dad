import { beforeEach, describe, expect, test } from 'vitest';
import { findBill, listBills } from '../../db/bills.ts';
import { freezeBill, listUsersToFreeze } from '../../db/freeze.ts';
import { ingestUsageEvents } from '../../db/usage-events.ts';
import { registerUser } from '../../db/users.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { createTestDatabase, useTestDatabase } from '../support/database.ts';
import {
  AUGUST,
  frozenBill,
  holdTotals,
  ingest,
  level,
  newUser,
  OCTOBER,
  SEPTEMBER,
  untilWaiting,
  usage,
} from './fixtures.ts';

const database = useTestDatabase({ pricesOf: ['live', 'test'] });
let userId: string;
beforeEach(async () => {
  userId = await newUser(database.db);
});

const freeze = (period = SEPTEMBER) => freezeBill(database.db, { mode: 'test', userId, period });
const bill = (period = SEPTEMBER) => frozenBill(database.db, userId, period);

describe('a month is billed once', () => {
  test('a second freeze of the month makes no bill and changes nothing', async () => {
    await ingest(database.db, [usage(userId)]);
    const first = await bill();
    await ingest(database.db, [usage(userId, { quantity: '5' })]);
    expect(await freeze()).toEqual([]);
    expect(await listBills(database.db, 'test', userId)).toEqual([first]);
  });

  test('freezing an earlier month after a later one bills nothing twice', async () => {
    await ingest(database.db, [
      usage(userId, { quantity: '2' }),
      usage(userId, { quantity: '3', occurredAt: new Date('2026-10-15T00:00:00Z') }),
    ]);
    expect((await bill(OCTOBER)).totalCents).toBe(50);
    expect(await freeze(SEPTEMBER)).toEqual([]);
  });

  test('concurrent freezes of a month make one bill', async () => {
    const users = await Promise.all(Array.from({ length: 5 }, () => newUser(database.db)));
    for (const each of users)
      await ingest(database.db, [usage(each), level(each, '10', '2026-08-01T00:00:00Z')]);
    const made = await Promise.all(
      users.flatMap((each) =>
        [1, 2, 3].map(() =>
          freezeBill(database.db, { mode: 'test', userId: each, period: SEPTEMBER }).then((ids) => [
            each,
            ids,
          ]),
        ),
      ),
    );
    for (const each of users) {
      expect(made.filter(([user, ids]) => user === each && ids?.length === 1)).toHaveLength(1);
      expect((await listBills(database.db, 'test', each)).map((frozen) => frozen.totalCents)).toEqual([310]);
    }
  });

  test('usage that comes in between two concurrent freezes of a month waits for the next month', async () => {
    await ingest(database.db, [usage(userId, { quantity: '1' })]);
    const holder = await holdTotals(database.db, userId);
    // One after the other they queue up: a freeze, late usage, a freeze of the same month.
    const first = freeze();
    await untilWaiting(database.db, 1);
    const late = ingest(database.db, [usage(userId, { quantity: '4' })]);
    await untilWaiting(database.db, 2);
    const second = freeze();
    await untilWaiting(database.db, 3);
    await holder.commit().execute();
    const [firstBill, , secondBill] = await Promise.all([first, late, second]);
    expect(firstBill).toHaveLength(1);
    expect(secondBill).toEqual([]);
    expect((await bill(OCTOBER)).lines).toMatchObject([
      { quantity: '4', description: 'CPU Hour, late usage, 2026-09' },
    ]);
  });
});

describe('late usage', () => {
  test("usage stored after the freeze is a line of the next month's bill, exactly once", async () => {
    await ingest(database.db, [usage(userId, { quantity: '1' })]);
    expect((await bill(SEPTEMBER)).totalCents).toBe(10);
    await ingest(database.db, [
      usage(userId, { quantity: '2' }),
      usage(userId, { quantity: '3', occurredAt: new Date('2026-10-02T00:00:00Z') }),
    ]);
    expect((await bill(OCTOBER)).lines).toMatchObject([
      { quantity: '2', amountCents: 20, description: 'CPU Hour, late usage, 2026-09' },
      { quantity: '3', amountCents: 30, description: 'CPU Hour, 2026-10' },
    ]);
    expect(await freeze(parseBillingPeriod('2026-11'))).toEqual([]);
  });

  test('usage whose transaction was open during the freeze is billed next month, and nothing waits for it', async () => {
    await ingest(database.db, [usage(userId, { product: 'gpu_hour', quantity: '1' })]);
    const slow = await database.db.startTransaction().execute();
    await slow
      .insertInto('usage_totals')
      .values({
        mode: 'test',
        user_id: userId,
        product: 'cpu_hour',
        period: SEPTEMBER,
        used_quantity: '6',
      })
      .execute();
    expect((await bill(SEPTEMBER)).lines).toMatchObject([{ product: 'gpu_hour' }]);
    await slow.commit().execute();
    expect((await bill(OCTOBER)).lines).toMatchObject([
      { quantity: '6', amountCents: 60, description: 'CPU Hour, late usage, 2026-09' },
    ]);
    expect(await freeze(parseBillingPeriod('2026-11'))).toEqual([]);
  });

  test('usage that adds to a total while the freeze waits for it is on exactly one bill', async () => {
    await ingest(database.db, [usage(userId, { quantity: '1' })]);
    const slow = await database.db.startTransaction().execute();
    await slow
      .updateTable('usage_totals')
      .set({ used_quantity: '9' })
      .where('user_id', '=', userId)
      .execute();
    const freezing = freeze();
    await untilWaiting(database.db, 1);
    await slow.commit().execute();
    const [billId = ''] = await freezing;
    const frozen = await findBill(database.db, 'test', billId);
    expect(frozen?.lines).toMatchObject([{ quantity: '9', amountCents: 90 }]);
    expect(await freeze(OCTOBER)).toEqual([]);
  });

  test('while usage pours in and months are frozen, every unit is billed exactly once', async () => {
    const pouring = Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        ingestUsageEvents(database.db, 'test', [
          usage(userId, {
            quantity: '1.01',
            occurredAt: new Date(`2026-0${8 + (index % 2)}-10T00:00:00Z`),
          }),
        ]),
      ),
    );
    await Promise.all([freeze(AUGUST), freeze(AUGUST), freeze(SEPTEMBER)]);
    await pouring;
    await freeze(OCTOBER);
    const lines = (await listBills(database.db, 'test', userId)).flatMap((frozen) => frozen.lines);
    const billed = lines.reduce((sum, line) => sum + Math.round(Number(line.quantity) * 100), 0);
    expect(billed).toBe(40 * 101);
  });
});

test('modes never mix: the same user id in both modes has usage and bills of its own', async () => {
  await registerUser(database.db, { mode: 'live', userId, email: 'live@example.com', name: 'Live' });
  await ingest(database.db, [usage(userId, { quantity: '2' })], 'live');
  await ingest(database.db, [usage(userId, { quantity: '3' })], 'test');
  const live = await frozenBill(database.db, userId, SEPTEMBER, 'live');
  expect(live.totalCents).toBe(20);
  expect(await findBill(database.db, 'test', live.billId)).toBeUndefined();
  const test = await frozenBill(database.db, userId, SEPTEMBER, 'test');
  expect(test.totalCents).toBe(30);
  expect(await listBills(database.db, 'live', userId)).toEqual([live]);
});

test('users with usage are listed in pages, each once', async () => {
  const other = await createTestDatabase();
  try {
    const users = await Promise.all(Array.from({ length: 5 }, () => newUser(other.db)));
    await newUser(other.db); // has none
    for (const each of users)
      await ingest(other.db, [usage(each), usage(each, { product: 'gpu_hour' }), usage(each)]);
    const listed: string[] = [];
    for (;;) {
      const page = await listUsersToFreeze(
        other.db,
        { mode: 'test', period: SEPTEMBER },
        {
          afterUserId: listed.at(-1) ?? '',
          limit: 2,
        },
      );
      listed.push(...page);
      if (page.length < 2) break;
    }
    expect(listed).toEqual(users.toSorted());
    expect(
      await listUsersToFreeze(other.db, { mode: 'live', period: SEPTEMBER }, { afterUserId: '', limit: 2 }),
    ).toEqual([]);
  } finally {
    await other.drop();
  }
});
