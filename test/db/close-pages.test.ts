import { beforeAll, expect, test } from 'vitest';
import { divideBills, divideUsers, listBillsOfRange } from '../../db/close-pages.ts';
import { registerUser } from '../../db/users.ts';
import { MODES } from '../../domain/mode.ts';
import type { UserRange } from '../../domain/monthly-close.ts';
import { useTestDatabase } from '../support/database.ts';
import { AUGUST, frozenBill, ingest, newUser, SEPTEMBER, usage } from './fixtures.ts';

const MONTH = { mode: 'test', period: SEPTEMBER } as const;
const USERS = 23;

const database = useTestDatabase({ pricesOf: MODES });
/** In the order of the database. */
let users: string[];
beforeAll(async () => {
  for (let made = 0; made < USERS; made += 1) await newUser(database.db);
  const rows = await database.db.selectFrom('users').select('user_id').orderBy('user_id').execute();
  users = rows.map((row) => row.user_id);
});

const usersIn = async ({ afterUserId, throughUserId }: UserRange): Promise<string[]> => {
  let query = database.db.selectFrom('users').select('user_id').where('user_id', '>', afterUserId);
  if (throughUserId !== null) query = query.where('user_id', '<=', throughUserId);
  return (await query.orderBy('user_id').execute()).map((row) => row.user_id);
};

test.each([
  { size: 5, maxPartitions: 100, parts: [5, 5, 5, 5, 3] },
  { size: 5, maxPartitions: 2, parts: [12, 11] },
  { size: 1, maxPartitions: 23, parts: Array.from({ length: USERS }, () => 1) },
  { size: 23, maxPartitions: 1, parts: [23] },
  { size: 1_000, maxPartitions: 1, parts: [23] },
])(
  'parts of $size users, $maxPartitions at most, hold each user once',
  async ({ size, maxPartitions, parts }) => {
    const ranges = await divideUsers(database.db, 'test', { size, maxPartitions });
    const divided = await Promise.all(ranges.map(usersIn));
    expect(divided.map((part) => part.length)).toEqual(parts);
    expect(divided.flat()).toEqual(users);
    expect(ranges.at(-1)?.throughUserId).toBeNull();
  },
);

test('where there is nobody, one part awaits whoever comes; where there is no bill, there is no part', async () => {
  expect(await divideUsers(database.db, 'live', { size: 5, maxPartitions: 10 })).toEqual([
    { afterUserId: '', throughUserId: null },
  ]);
  expect(await divideBills(database.db, MONTH, ['frozen'], { size: 5, maxPartitions: 10 })).toEqual([]);
});

test('pages of bills hold each bill once, of those that stand as asked for', async () => {
  const { db } = database;
  for (const user of users) {
    await ingest(db, [usage(user), usage(user, { occurredAt: new Date('2026-08-10T00:00:00Z') })]);
    await frozenBill(db, user, AUGUST);
    await frozenBill(db, user);
  }
  await registerUser(db, { mode: 'live', userId: users[0] ?? '', email: 'l@example.com', name: 'L' });
  await ingest(db, [usage(users[0] ?? '')], 'live');
  await frozenBill(db, users[0] ?? '', SEPTEMBER, 'live');
  const [paid, parked, ...frozen] = users;
  await db
    .updateTable('bills')
    .set({ status: 'paid' })
    .where('user_id', '=', paid ?? '')
    .execute();
  await db
    .updateTable('bills')
    .set({ status: 'parked' })
    .where('user_id', '=', parked ?? '')
    .execute();

  const ranges = await divideBills(db, MONTH, ['frozen'], { size: 8, maxPartitions: 10 });
  expect(ranges).toHaveLength(3);
  const found: string[] = [];
  for (const range of ranges) {
    for (let after: string | undefined = range.afterUserId; after !== undefined; ) {
      const page = await listBillsOfRange(db, MONTH, ['frozen'], { ...range, afterUserId: after, limit: 3 });
      found.push(...page.map((bill) => bill.userId));
      after = page.length < 3 ? undefined : page.at(-1)?.userId;
    }
  }
  expect(found).toEqual(frozen);
  const whole = { afterUserId: '', throughUserId: null, limit: 100 };
  expect(await listBillsOfRange(db, MONTH, ['frozen', 'parked'], whole)).toHaveLength(USERS - 1);
  expect(await listBillsOfRange(db, MONTH, ['parked'], whole)).toMatchObject([{ userId: parked }]);
});
