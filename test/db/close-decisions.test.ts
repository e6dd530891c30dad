import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { claimForInvoicing } from '../../db/bill-status.ts';
import {
  chosenBills,
  countAwaitingRelease,
  DecisionRefused,
  frozenAmong,
  saveCloseDecision,
} from '../../db/close-decisions.ts';
import type { CloseDecision } from '../../domain/close-decisions.ts';
import type { Month } from '../../domain/monthly-close.ts';
import { useTestDatabase } from '../support/database.ts';
import { frozenBill, ingest, newUser, OCTOBER, SEPTEMBER, usage } from './fixtures.ts';

const MONTH = { mode: 'test', period: SEPTEMBER } as const;

const database = useTestDatabase({ pricesOf: ['test'] });
let one: string;
let other: string;
beforeEach(async () => {
  await database.db.deleteFrom('close_decisions').execute();
  await database.db.updateTable('bills').set({ status: 'paid' }).execute();
  one = await newFrozenBill('1');
  other = await newFrozenBill('2');
});

async function newFrozenBill(quantity: string): Promise<string> {
  const userId = await newUser(database.db);
  await ingest(database.db, [usage(userId, { quantity })]);
  return (await frozenBill(database.db, userId)).billId;
}

async function decide(
  type: CloseDecision['type'],
  bills: readonly string[],
  { decisionId = randomUUID(), month = MONTH }: { decisionId?: string; month?: Month } = {},
): Promise<void> {
  const decision = { type, bills, by: 'Grace', reason: type === 'hold' ? 'too much' : null };
  await saveCloseDecision(database.db, month, { decisionId, decision });
}

async function standing(billId: string) {
  return await database.db
    .selectFrom('bills')
    .select(['status', 'problem', 'skipped_at'])
    .where('bill_id', '=', billId)
    .executeTakeFirstOrThrow();
}

const decisions = () => database.db.selectFrom('close_decisions').selectAll().execute();

test('a held bill says by whom and why, does not go out, and does again when it is released', async () => {
  await decide('hold', [one]);
  expect(await standing(one)).toMatchObject({ status: 'held', problem: 'held by Grace: too much' });
  expect(await claimForInvoicing(database.db, 'test', one)).toBe(false);
  expect(await countAwaitingRelease(database.db, MONTH)).toBe(1);
  await decide('release', [one]);
  expect(await standing(one)).toEqual({ status: 'frozen', problem: null, skipped_at: null });
  expect(await claimForInvoicing(database.db, 'test', one)).toBe(true);
  expect(await countAwaitingRelease(database.db, MONTH)).toBe(0);
  expect(await decisions()).toMatchObject([
    { type: 'hold', bill_ids: [one], decided_by: 'Grace', reason: 'too much', period: SEPTEMBER },
    { type: 'release', bill_ids: [one], decided_by: 'Grace', reason: null },
  ]);
});

test('of a skipped bill the close waits no more; it is held still, and can be released', async () => {
  await decide('hold', [one, other]);
  await decide('skip', [one]);
  expect(await standing(one)).toMatchObject({ status: 'held', skipped_at: expect.any(Date) as Date });
  expect(await countAwaitingRelease(database.db, MONTH)).toBe(1);
  expect(await chosenBills(database.db, MONTH, 'all')).toEqual([other, one]);
  await decide('release', [one]);
  expect(await standing(one)).toEqual({ status: 'frozen', problem: null, skipped_at: null });
  expect(await frozenAmong(database.db, 'test', [one, other])).toEqual([one]);
});

test('of all that are held, those wait that were not skipped before', async () => {
  await decide('hold', [one, other]);
  await decide('skip', [one]);
  expect(await chosenBills(database.db, MONTH, 'all', { onlyWaiting: true })).toEqual([other]);
  await decide('skip', [other]);
  // For the decision to say so.
  expect(await chosenBills(database.db, MONTH, 'all', { onlyWaiting: true })).toEqual([other, one]);
});

test('the same decision again changes nothing, although the bills have moved on', async () => {
  const decisionId = randomUUID();
  await decide('hold', [one], { decisionId });
  await decide('release', [one]);
  await decide('hold', [one], { decisionId });
  expect(await standing(one)).toMatchObject({ status: 'frozen' });
  expect(await decisions()).toHaveLength(2);
});

test('an approval and another try of parked bills are recorded, and change no bill', async () => {
  await decide('approve', []);
  await decide('retryParked', []);
  expect(await decisions()).toMatchObject([
    { type: 'approve', bill_ids: [] },
    { type: 'retryParked', bill_ids: [] },
  ]);
  expect(await standing(one)).toMatchObject({ status: 'frozen' });
});

describe('one bill that stands otherwise refuses the decision for all', () => {
  test.each([
    ['hold', 'paid', 'is paid'],
    ['hold', 'payment_failed', 'is payment failed'],
    ['hold', 'held', 'is held'],
    ['hold', 'parked', 'is parked'],
    ['release', 'frozen', 'is not held but frozen'],
    ['release', 'open', 'is not held but open'],
    ['skip', 'frozen', 'is not held but frozen'],
  ] as const)('%s of a bill that is %s', async (type, status, problem) => {
    const before = type === 'hold' ? 'frozen' : 'held';
    await database.db.updateTable('bills').set({ status: before }).where('bill_id', '=', one).execute();
    await database.db.updateTable('bills').set({ status }).where('bill_id', '=', other).execute();
    const refused = decide(type, [one, other]);
    await expect(refused).rejects.toThrow(DecisionRefused);
    await expect(refused).rejects.toThrow(`Nothing is changed: ${other} ${problem}.`);
    expect(await standing(one)).toMatchObject({ status: before });
    expect(await decisions()).toEqual([]);
  });

  test('a bill that is unknown, or of another month or mode', async () => {
    await expect(decide('hold', [one, 'bill_x'])).rejects.toThrow('bill_x is no bill of this month');
    await expect(decide('hold', [one], { month: { mode: 'test', period: OCTOBER } })).rejects.toThrow(
      'is no bill of this month',
    );
  });

  test('a bill that Stripe may know of already can’t be held', async () => {
    expect(await claimForInvoicing(database.db, 'test', one)).toBe(true);
    await expect(decide('hold', [one])).rejects.toThrow('is on its way to Stripe; void its invoice there');
  });

  test('skipping twice', async () => {
    await decide('hold', [one]);
    await decide('skip', [one]);
    await expect(decide('skip', [one])).rejects.toThrow('is skipped already');
  });
});

test('a bill that is held and claimed at the same time is either held or goes out, a hundred times over', async () => {
  for (let round = 0; round < 100; round += 1) {
    await database.db
      .updateTable('bills')
      .set({ status: 'frozen', invoicing_since: null })
      .where('bill_id', '=', one)
      .execute();
    const [hold, claim] = await Promise.allSettled([
      decide('hold', [one]),
      claimForInvoicing(database.db, 'test', one),
    ]);
    const isHeld = hold.status === 'fulfilled';
    expect(claim).toEqual({ status: 'fulfilled', value: !isHeld });
    expect((await standing(one)).status).toBe(isHeld ? 'held' : 'frozen');
  }
});
