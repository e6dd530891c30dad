import { beforeEach, expect, test } from 'vitest';
import { loadCloseSummary } from '../../db/close-summary.ts';
import type { BillStatus } from '../../domain/bill.ts';
import { EMPTY_CLOSE_SUMMARY, NONE } from '../domain/empty-close-summary.ts';
import { useTestDatabase } from '../support/database.ts';
import { AUGUST, becomeCustomer, newUser, SEPTEMBER } from './fixtures.ts';

const database = useTestDatabase();
beforeEach(async () => {
  await database.db.deleteFrom('bills').execute();
});

const summary = () => loadCloseSummary(database.db, { mode: 'test', period: SEPTEMBER });

async function addBill(
  status: BillStatus,
  totalCents: number,
  more: {
    userId?: string;
    period?: typeof AUGUST;
    part?: number;
    parts?: number;
    creditsCents?: number;
    problem?: string;
  } = {},
): Promise<{ billId: string; userId: string }> {
  const { db } = database;
  const userId = more.userId ?? (await newUser(db));
  const { bill_id: billId } = await db
    .insertInto('bills')
    .values({
      mode: 'test',
      user_id: userId,
      period: more.period ?? SEPTEMBER,
      part: more.part ?? 1,
      parts: more.parts ?? 1,
      status,
      total_cents: totalCents,
      credits_applied_cents: more.creditsCents ?? 0,
      problem: more.problem ?? null,
    })
    .returning('bill_id')
    .executeTakeFirstOrThrow();
  return { billId, userId };
}

async function newCustomer(defaultPaymentMethodId: string | null): Promise<string> {
  const userId = await newUser(database.db);
  await becomeCustomer(database.db, userId, defaultPaymentMethodId);
  return userId;
}

test('a month without bills comes to nothing', async () => {
  await addBill('paid', 700, { period: AUGUST });
  expect(await summary()).toEqual({
    ...EMPTY_CLOSE_SUMMARY,
    previousBills: 1,
    previousTotalCents: 700,
  });
});

test('sums of all bills and of each status, against the month before', async () => {
  await addBill('paid', 1_000, { creditsCents: 50 });
  await addBill('paid', 300);
  await addBill('payment_failed', 20, { creditsCents: -7 });
  const { userId } = await addBill('held', 4, { problem: 'Nine times the month before' });
  await addBill('open', 900, { userId, period: AUGUST });
  expect(await summary()).toMatchObject({
    bills: 4,
    totalCents: 1_324,
    creditsCents: 43,
    previousBills: 1,
    previousTotalCents: 900,
    byStatus: {
      paid: { bills: 2, cents: 1_300 },
      payment_failed: { bills: 1, cents: 20 },
      held: { bills: 1, cents: 4 },
      open: NONE,
    },
    held: [{ userId, totalCents: 4, problem: 'Nine times the month before' }],
  });
});

test('what was voided is a bill, and nothing to collect', async () => {
  const { userId } = await addBill('open', 30);
  await addBill('void', 900);
  await addBill('void', 800, { userId, period: AUGUST });
  expect(await summary()).toMatchObject({
    bills: 2,
    totalCents: 30,
    previousBills: 1,
    previousTotalCents: 0,
    byStatus: { open: { bills: 1, cents: 30 }, void: { bills: 1, cents: 900 } },
    biggest: [{ userId, totalCents: 30, previousTotalCents: 0 }],
  });
});

test('the five biggest, beside what the same users paid the month before', async () => {
  const bills = [];
  for (const cents of [10, 60, 30, 50, 20, 40]) bills.push({ cents, ...(await addBill('frozen', cents)) });
  const grown = bills.find(({ cents }) => cents === 50);
  await addBill('paid', 5, { userId: grown?.userId ?? '', period: AUGUST });
  const { biggest } = await summary();
  expect(biggest).toEqual(
    bills
      .toSorted((a, b) => b.cents - a.cents)
      .slice(0, 5)
      .map(({ cents, billId, userId }) => ({
        billId,
        userId,
        totalCents: cents,
        previousTotalCents: cents === 50 ? 5 : 0,
      })),
  );
});

test('a bill is one of the biggest once, beside all parts of the one before', async () => {
  const { billId, userId } = await addBill('frozen', 60);
  await addBill('paid', 5, { userId, period: AUGUST, part: 1, parts: 2 });
  await addBill('paid', 7, { userId, period: AUGUST, part: 2, parts: 2 });
  expect((await summary()).biggest).toEqual([{ billId, userId, totalCents: 60, previousTotalCents: 12 }]);
});

test('of what is parked the biggest twenty, and no more of a problem than can travel', async () => {
  for (let cents = 1; cents <= 22; cents += 1)
    await addBill('parked', cents, { problem: 'Stripe says: '.repeat(100) });
  const { parked, byStatus } = await summary();
  expect(byStatus.parked).toEqual({ bills: 22, cents: (22 * 23) / 2 });
  expect(parked.map(({ totalCents }) => totalCents)).toEqual(Array.from({ length: 20 }, (_, i) => 22 - i));
  expect(parked.every(({ problem }) => problem.startsWith('Stripe says') && problem.length === 200)).toBe(
    true,
  );
});

test('of bills that wait for their invoice, those that nobody or nothing can pay', async () => {
  await addBill('frozen', 1);
  await addBill('held', 2);
  await addBill('parked', 4);
  await addBill('frozen', 0, { creditsCents: 100 }); // Credits have paid all of it.
  await addBill('open', 8); // Stripe has it: its customer was deleted since.
  await addBill('frozen', 16, { userId: await newCustomer(null) });
  await addBill('paid', 32, { userId: await newCustomer(null) });
  await addBill('frozen', 64, { userId: await newCustomer('pm_1') });
  expect(await summary()).toMatchObject({
    withoutCustomer: { bills: 3, cents: 7 },
    withoutPaymentMethod: { bills: 1, cents: 16 },
  });
});

test("the other mode's bills are not counted", async () => {
  await addBill('frozen', 5);
  const live = await loadCloseSummary(database.db, { mode: 'live', period: SEPTEMBER });
  expect(live).toMatchObject({ bills: 0, biggest: [], withoutCustomer: NONE });
});
