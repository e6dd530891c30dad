import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { listBills } from '../../db/bills.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { AUGUST, frozenBill, ingest, newUser, OCTOBER, SEPTEMBER, usage } from '../db/fixtures.ts';
import { runOnce, useActivityEnvironment } from '../support/activity-environment.ts';

const JULY = parseBillingPeriod('2026-07');

const environment = useActivityEnvironment();

test('ranges of users are frozen one beside the other, and a second time nothing is', async () => {
  const { db, activities } = environment;
  const users = (await Promise.all(Array.from({ length: 5 }, () => newUser(db)))).toSorted();
  for (const each of users)
    await ingest(db, [usage(each), usage(each, { occurredAt: new Date('2026-10-10T00:00:00Z') })]);
  const [, second, , fourth] = users;
  const ranges = [
    { afterUserId: '', throughUserId: second ?? '' },
    { afterUserId: second ?? '', throughUserId: fourth ?? '' },
    { afterUserId: fourth ?? '', throughUserId: null },
  ];
  const close = async (period: typeof AUGUST): Promise<number[]> =>
    await Promise.all(
      ranges.map((range) => runOnce(() => activities.freezeBills({ mode: 'test', period, ...range }))),
    );
  expect(await close(AUGUST)).toEqual([0, 0, 0]);
  expect(await close(SEPTEMBER)).toEqual([2, 2, 1]);
  expect(await close(SEPTEMBER)).toEqual([0, 0, 0]);
  expect(await close(OCTOBER)).toEqual([2, 2, 1]);
  for (const each of users) expect(await listBills(db, 'test', each)).toHaveLength(2);
});

test('an attempt counts what the one before it had frozen when it broke off, and another close does not', async () => {
  const { db, activities } = environment;
  const userId = await newUser(db);
  await ingest(db, [usage(userId)]);
  // Nobody but this user.
  const afterUserId = userId.slice(0, -1);
  const freeze = (runId: string) =>
    runOnce(
      () => activities.freezeBills({ mode: 'test', period: SEPTEMBER, afterUserId, throughUserId: userId }),
      runId,
    );
  const close = randomUUID();
  expect(await freeze(close)).toBe(1);
  expect(await freeze(close)).toBe(1);
  expect(await freeze(randomUUID())).toBe(0);
});

test('a bill that is released after its month was divided is in some range', async () => {
  const { db, activities } = environment;
  const userId = await newUser(db);
  await ingest(db, [usage(userId, { occurredAt: new Date('2026-07-15T12:00:00Z') })]);
  const { billId } = await frozenBill(db, userId, JULY);
  const month = { mode: 'test', period: JULY, which: 'frozen_and_parked' } as const;
  const setStatus = async (status: 'held' | 'frozen') =>
    await db.updateTable('bills').set({ status }).where('bill_id', '=', billId).execute();
  await setStatus('held');
  const ranges = await runOnce(() => activities.divideBills(month));
  expect(ranges).toEqual([{ afterUserId: '', throughUserId: null }]);
  const page = { ...month, afterUserId: '', throughUserId: null, limit: 10 };
  expect(await runOnce(() => activities.listBillsPage(page))).toEqual({ billIds: [], lastUserId: null });
  await setStatus('frozen');
  expect(await runOnce(() => activities.listBillsPage(page))).toMatchObject({ billIds: [billId] });
  expect(await runOnce(() => activities.divideBills({ ...month, which: 'parked' }))).toEqual([]);
});

test('Stripe answers, or the probe fails and is tried again', async () => {
  const { simulator, activities } = environment;
  await runOnce(() => activities.stripeAnswers({ mode: 'test' }));
  await simulator.fault('GET /v1/invoices', 'status_500_without_error');
  await expect(runOnce(() => activities.stripeAnswers({ mode: 'test' }))).rejects.toMatchObject({
    type: 'StripeUnavailable',
    nonRetryable: false,
  });
});
