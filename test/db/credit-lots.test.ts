import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { type RawBuilder, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { listBills } from '../../db/bills.ts';
import { saveCreditPurchase, saveTakenBack } from '../../db/credit-purchases.ts';
import { creditBalanceCents, listCreditLots } from '../../db/credits.ts';
import { freezeBill, listUsersToFreeze } from '../../db/freeze.ts';
import { ensurePriceList } from '../../db/price-list.ts';
import { findUser } from '../../db/users.ts';
import {
  type BillingPeriod,
  parseBillingPeriod,
  periodEnd,
  periodsBetween,
} from '../../domain/billing-period.ts';
import { sumCents } from '../../domain/money.ts';
import { createTestDatabase, useTestDatabase } from '../support/database.ts';
import {
  AUGUST,
  frozenBill,
  grantCredits,
  ingest,
  level,
  newUser,
  OCTOBER,
  SEPTEMBER,
  untilWaiting,
  usage,
} from './fixtures.ts';

const database = useTestDatabase({ pricesOf: ['test'] });
let userId: string;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-09-10T00:00:00Z') });
  userId = await newUser(database.db);
});
afterEach(() => {
  vi.useRealTimers();
});

const at = (instant: string) => new Date(instant);
const freeze = (period: BillingPeriod = SEPTEMBER) =>
  freezeBill(database.db, { mode: 'test', userId, period });
const useCents = (cents: number, occurredAt = '2026-09-15T00:00:00Z') =>
  ingest(database.db, [usage(userId, { quantity: String(cents / 10), occurredAt: at(occurredAt) })]);

/** A purchase, and its lot. */
async function purchase(
  grantedCents: number,
  expiresAt: Date | null = null,
  checkoutSessionId = `cs_${randomUUID()}`,
): Promise<{ checkoutSessionId: string; lot: string }> {
  await saveCreditPurchase(database.db, { mode: 'test', userId, checkoutSessionId, grantedCents, expiresAt });
  return { checkoutSessionId, lot: `checkout_session:${checkoutSessionId}` };
}

const takeBack = ({ checkoutSessionId }: { readonly checkoutSessionId: string }, takenBackCents: number) =>
  saveTakenBack(database.db, { mode: 'test', checkoutSessionId, takenBackCents });

const balance = (instant?: Date) => creditBalanceCents(database.db, 'test', userId, instant);

/** Amount, cause and lot of each entry, oldest first. */
async function ledger(): Promise<[number, string, string][]> {
  const entries = await database.db
    .selectFrom('credit_entries')
    .select(['amount_cents', 'cause', 'lot'])
    .where('user_id', '=', userId)
    .orderBy('entry_id')
    .execute();
  return entries.map((entry) => [entry.amount_cents, entry.cause, entry.lot]);
}

describe('a bill uses credits', () => {
  test('that expire first, then the older ones, and the ledger says how much of which', async () => {
    const never = await purchase(300);
    const later = await purchase(300, at('2027-01-01T00:00:00Z'));
    const soon = await purchase(300, at('2026-11-01T00:00:00Z'));
    await useCents(700);
    const { billId, totalCents, lines } = await frozenBill(database.db, userId);
    expect(totalCents).toBe(0);
    expect(lines.at(-1)).toMatchObject({ product: 'credits', amountCents: -700 });
    expect((await ledger()).slice(3)).toEqual([
      [-300, `bill:${billId}`, soon.lot],
      [-300, `bill:${billId}`, later.lot],
      [-100, `bill:${billId}`, never.lot],
    ]);
    expect(await listCreditLots(database.db, { mode: 'test', userId }, new Date())).toMatchObject([
      { lot: never.lot, remainingCents: 200, expiresAt: null },
    ]);
  });

  test('and a correction brings a lot of its own, which never expires', async () => {
    await ingest(database.db, [level(userId, '100', '2026-08-01T00:00:00Z')]);
    await freeze(AUGUST);
    await ingest(database.db, [level(userId, '0', '2026-08-01T00:00:00.001Z')]);
    const { billId } = await frozenBill(database.db, userId);
    expect(await ledger()).toEqual([[1_500, `bill:${billId}`, `bill:${billId}`]]);
    expect(await balance(at('9999-01-01T00:00:00Z'))).toBe(1_500);
  });
});

describe('credits that expire', () => {
  test.each([
    ['2026-09-30T23:59:59.999Z', 1_000, 0],
    ['2026-10-01T00:00:00.000Z', 1_000, 0],
    ['2026-10-01T00:00:00.001Z', 700, 0],
  ])('at %s leave %i cents of September’s bill to pay', async (expiry, totalCents, left) => {
    const { lot } = await purchase(300, at(expiry));
    await useCents(1_000);
    const bill = await frozenBill(database.db, userId);
    expect(bill.totalCents).toBe(totalCents);
    expect((await ledger()).slice(1)).toEqual([
      [-300, totalCents === 1_000 ? `expired:${lot}:1` : `bill:${bill.billId}`, lot],
    ]);
    expect(await balance()).toBe(left);
  });

  test('are no balance from that instant on, whether written off or not', async () => {
    await purchase(300, at('2026-09-20T00:00:00Z'));
    await purchase(50);
    expect(await balance(at('2026-09-19T23:59:59.999Z'))).toBe(350);
    expect(await balance(at('2026-09-20T00:00:00Z'))).toBe(50);
    await freeze();
    expect(await balance(at('2026-09-20T00:00:00Z'))).toBe(50);
  });

  test.each(['2026-10-01T01:00:00Z', '2026-12-24T00:00:00Z'])(
    'pay the same part of a month that is closed at %s, whatever else happens to credits until then',
    async (closedAt) => {
      const other = await purchase(200);
      await purchase(300, at('2026-10-02T00:00:00Z'));
      await useCents(1_000);
      vi.setSystemTime(at(closedAt));
      await takeBack(other, 200);
      await purchase(100);
      await takeBack(other, 100);
      expect(await frozenBill(database.db, userId)).toMatchObject({ totalCents: 1_000 - 300 - 100 - 100 });
    },
  );

  test('are written off by the month in which they expire, also without a bill, and once', async () => {
    const { lot } = await purchase(300, at('2026-10-31T00:00:00Z'));
    expect(await freeze()).toEqual([]);
    expect(await ledger()).toHaveLength(1);
    for (const _ of [1, 2]) expect(await freeze(OCTOBER)).toEqual([]);
    expect((await ledger()).slice(1)).toEqual([[-300, `expired:${lot}:1`, lot]]);
    expect(await listBills(database.db, 'test', userId)).toEqual([]);
  });

  test('and are given back later stay expired: the next month writes them off again', async () => {
    const bought = await purchase(300, at('2026-09-20T00:00:00Z'));
    await takeBack(bought, 200);
    await freeze();
    vi.setSystemTime(at('2026-10-05T00:00:00Z'));
    await takeBack(bought, 0);
    expect(await balance()).toBe(0);
    await freeze(OCTOBER);
    expect((await ledger()).slice(1)).toEqual([
      [-200, `taken_back:${bought.checkoutSessionId}:1`, bought.lot],
      [-100, `expired:${bought.lot}:1`, bought.lot],
      [200, `taken_back:${bought.checkoutSessionId}:2`, bought.lot],
      [-200, `expired:${bought.lot}:2`, bought.lot],
    ]);
  });

  test('unused and refunded afterwards cost no other credits; what was used of them does', async () => {
    const bought = await purchase(300, at('2026-10-20T00:00:00Z'));
    await purchase(500);
    await useCents(100);
    await freeze();
    vi.setSystemTime(at('2026-11-01T01:00:00Z'));
    await freeze(OCTOBER);
    await takeBack(bought, 200);
    expect(await balance()).toBe(500);
    await takeBack(bought, 300);
    expect(await balance()).toBe(400);
    await takeBack(bought, 0);
    expect(await balance()).toBe(500);
  });

  test('keep the date of the first time that their session was seen', async () => {
    const { checkoutSessionId } = await purchase(300, at('2026-12-01T00:00:00Z'));
    await purchase(300, at('2027-12-01T00:00:00Z'), checkoutSessionId);
    await purchase(300, null, checkoutSessionId);
    expect(await listCreditLots(database.db, { mode: 'test', userId }, new Date())).toMatchObject([
      { remainingCents: 300, expiresAt: at('2026-12-01T00:00:00Z') },
    ]);
  });
});

describe('a refund', () => {
  test('takes the purchase’s own credits, then those that bills would use next, and gives them back', async () => {
    const bought = await purchase(300, at('2027-01-01T00:00:00Z'));
    await useCents(200);
    await freeze();
    const never = await purchase(100);
    const soon = await purchase(50, at('2026-11-01T00:00:00Z'));
    await takeBack(bought, 300);
    await takeBack(bought, 120);
    const [first, second] = [1, 2].map((nth) => `taken_back:${bought.checkoutSessionId}:${nth}`);
    expect((await ledger()).slice(4)).toEqual([
      [-100, first, bought.lot],
      [-50, first, soon.lot],
      [-100, first, never.lot],
      [100, second, never.lot],
      [30, second, soon.lot],
    ]);
  });

  test('leaves other credits that have expired to the month that may still use them', async () => {
    const bought = await purchase(300);
    await useCents(1_000);
    await freeze();
    await purchase(70, at('2026-10-20T00:00:00Z'));
    await purchase(20, at('2026-11-02T00:00:00Z'));
    await useCents(1_000, '2026-10-05T00:00:00Z');
    vi.setSystemTime(at('2026-11-03T00:00:00Z'));
    await takeBack(bought, 300);
    expect((await findUser(database.db, 'test', userId))?.credit_shortfall_cents).toBe(300);
    expect(await frozenBill(database.db, userId, OCTOBER)).toMatchObject({ totalCents: 1_000 - 20 });
  });
});

describe('the pages of a freeze', () => {
  test('hold who has usage, and who has something left of credits that expired by the month’s end', async () => {
    const other = await createTestDatabase();
    try {
      await ensurePriceList(other.db, 'test');
      const end = periodEnd(SEPTEMBER);
      const users = await Promise.all(Array.from({ length: 7 }, () => newUser(other.db)));
      const [usedOnly, expired, inTime, never, usedUp, both] = users as [string, ...string[]];
      const grant = (to = '', expiresAt: Date | null = null) =>
        grantCredits(other.db, to, 100, 'test', expiresAt);
      await ingest(other.db, [usage(usedOnly), usage(both ?? '')]);
      await grant(expired, end);
      await grant(inTime, new Date(end.getTime() + 1));
      await grant(never);
      await grant(usedUp, at('2026-08-20T00:00:00Z'));
      await freezeBill(other.db, { mode: 'test', userId: usedUp ?? '', period: AUGUST });
      await grant(both, end);
      await grant(both, end);

      const listed: string[] = [];
      for (;;) {
        const page = { afterUserId: listed.at(-1) ?? '', limit: 1 };
        const next = await listUsersToFreeze(other.db, { mode: 'test', period: SEPTEMBER }, page);
        listed.push(...next);
        if (next.length === 0) break;
      }
      expect(listed).toEqual(users.toSorted().filter((each) => [usedOnly, expired, both].includes(each)));
    } finally {
      await other.drop();
    }
  });
});

describe('the database itself refuses', () => {
  /** SQL that nobody checked before. */
  const entry = (amountCents: number, lot: string, expiresAt: Date | null = null): RawBuilder<unknown> => sql`
    INSERT INTO credit_entries (mode, user_id, amount_cents, cause, lot, expires_at)
    VALUES ('test', ${userId}, ${amountCents}, ${randomUUID()}, ${lot}, ${expiresAt})`;

  test('an entry that overdraws its lot, though others hold enough', async () => {
    await grantCredits(database.db, userId, 1_000);
    const lot = await grantCredits(database.db, userId, 100);
    await entry(-60, lot).execute(database.db);
    await expect(entry(-41, lot).execute(database.db)).rejects.toThrow(
      `the credits of ${lot} of ${userId} would be overdrawn by 1 cents`,
    );
    await entry(-40, lot).execute(database.db);
    expect(await balance()).toBe(1_000);
  });

  test('an entry that draws on a lot of nobody’s, or of somebody else’s', async () => {
    const lot = await grantCredits(database.db, await newUser(database.db), 100);
    for (const each of [lot, 'none'])
      await expect(entry(-1, each).execute(database.db)).rejects.toThrow('would be overdrawn by 1 cents');
  });

  test('that entries at the same time overdraw a lot: the second waits for the first', async () => {
    const lot = await grantCredits(database.db, userId, 100);
    const first = await database.db.startTransaction().execute();
    await entry(-60, lot).execute(first);
    const second = Promise.allSettled([entry(-60, lot).execute(database.db)]);
    await untilWaiting(database.db, 1);
    await first.commit().execute();
    const reason = expect.objectContaining({
      message: expect.stringContaining('by 20 cents') as string,
    }) as Error;
    expect(await second).toEqual([{ status: 'rejected', reason }]);
    expect(await balance()).toBe(40);
  });

  test('to take credits in a transaction that may not see what was taken just now', async () => {
    const lot = await grantCredits(database.db, userId, 100);
    const snapshot = database.db.transaction().setIsolationLevel('repeatable read');
    await expect(snapshot.execute((transaction) => entry(-1, lot).execute(transaction))).rejects.toThrow(
      'credits are taken in read committed transactions only',
    );
  });

  test('an expiry of what does not grant', async () => {
    const lot = await grantCredits(database.db, userId, 100);
    await expect(entry(-1, lot, new Date()).execute(database.db)).rejects.toThrow(
      'violates check constraint',
    );
    await expect(entry(1, lot, new Date()).execute(database.db)).rejects.toThrow('violates check constraint');
  });
});

/** What must hold of a user's credits whenever nobody is writing, read from the tables alone. */
async function checkInvariants(): Promise<void> {
  const { rows: lots } = await sql<{ lot: string; left: number; expired: number; expires: Date | null }>`
    SELECT lot, sum(amount_cents)::bigint AS left, max(expires_at) AS expires,
      -coalesce(sum(amount_cents) FILTER (WHERE cause LIKE 'expired:%'), 0)::bigint AS expired
    FROM credit_entries WHERE user_id = ${userId} GROUP BY lot`.execute(database.db);
  const { rows: purchases } = await sql<{ session: string; due: number; taken: number }>`
    SELECT checkout_session_id AS session, taken_back_cents AS due,
      (SELECT -coalesce(sum(amount_cents), 0)::bigint FROM credit_entries
        WHERE cause LIKE 'taken_back:' || checkout_session_id || ':%') AS taken
    FROM credit_purchases WHERE user_id = ${userId}`.execute(database.db);
  expect(Math.min(0, ...lots.map(({ left }) => left))).toBe(0);
  const missing = purchases.map(({ session, due, taken }) => {
    expect(taken).toBeGreaterThanOrEqual(0);
    expect(taken).toBeLessThanOrEqual(due);
    const own = lots.find(({ lot }) => lot === `checkout_session:${session}`);
    return Math.max(0, due - taken - (own?.expired ?? 0));
  });
  const shortfall = (await findUser(database.db, 'test', userId))?.credit_shortfall_cents;
  expect(sumCents(missing)).toBe(shortfall);
  const usable = lots.filter(({ expires }) => expires === null || expires > new Date());
  const usableCents = sumCents(usable.map(({ left }) => left));
  expect(await balance()).toBe(usableCents);
  expect(shortfall === 0 || usableCents === 0).toBe(true);

  let runningCents = 0;
  const balances = (await ledger()).map(([amount]) => (runningCents += amount));
  expect(Math.min(0, ...balances)).toBe(0);
}

const MONTHS = periodsBetween(SEPTEMBER, parseBillingPeriod('2027-02'));
const command = fc.oneof(
  fc.record({
    type: fc.constant('purchase' as const),
    index: fc.nat({ max: 3 }),
    lifeDays: fc.option(fc.integer({ min: 1, max: 90 })),
  }),
  fc.record({
    type: fc.constant('takeBack' as const),
    index: fc.nat({ max: 3 }),
    cents: fc.integer({ min: 0, max: 300 }),
  }),
  fc.record({ type: fc.constant('use' as const), cents: fc.integer({ min: 1, max: 600 }) }),
  fc.record({ type: fc.constantFrom('close' as const, 'pass' as const, 'pass' as const) }),
);

test('whatever months, purchases, refunds and expiries follow each other, the credits add up', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 15 }), async (commands) => {
      vi.setSystemTime(at('2026-09-10T00:00:00Z'));
      userId = await newUser(database.db);
      const sessions = [0, 1, 2, 3].map(() => `cs_${randomUUID()}`);
      const months = [...MONTHS];
      const run = async (each: (typeof commands)[number]) => {
        if (each.type === 'purchase') {
          const life = each.lifeDays === null ? null : each.lifeDays * 24 * 60 * 60_000;
          await purchase(300, life === null ? null : new Date(Date.now() + life), sessions[each.index]);
        } else if (each.type === 'takeBack') {
          await takeBack({ checkoutSessionId: sessions[each.index] ?? '' }, each.cents);
        } else if (each.type === 'use') {
          await useCents(each.cents, new Date().toISOString());
        } else if (each.type === 'pass') {
          vi.setSystemTime(Date.now() + 20 * 24 * 60 * 60_000);
        } else {
          const [month] = months;
          if (month === undefined || periodEnd(month) > new Date()) return;
          await freeze(month);
          months.shift();
        }
      };
      for (const each of commands) {
        await run(each);
        await checkInvariants();
      }
      const before = await ledger();
      for (const each of commands) if (each.type === 'purchase') await run(each);
      expect(await ledger()).toEqual(before);
    }),
    { numRuns: 40 },
  );
});

test('many freezes, purchases and refunds of one user at the same time leave no lot negative, and add up', async () => {
  for (let round = 0; round < 5; round += 1) {
    vi.setSystemTime(at('2026-12-05T00:00:00Z'));
    userId = await newUser(database.db);
    const sessions = Array.from({ length: 6 }, () => `cs_${randomUUID()}`);
    const expiries = [
      null,
      at('2026-10-15T00:00:00Z'),
      at('2026-11-15T00:00:00Z'),
      at('2027-06-01T00:00:00Z'),
    ];
    const buy = (session: string, index: number) => purchase(500, expiries[index % 4] ?? null, session);
    for (const [index, session] of sessions.slice(0, 3).entries()) await buy(session, index);
    const months = periodsBetween(SEPTEMBER, parseBillingPeriod('2026-11'));
    for (const month of months) await useCents(700, `${month}-10T00:00:00Z`);
    await Promise.all([
      ...sessions.flatMap((session, index) => [buy(session, index), buy(session, index)]),
      ...sessions.flatMap((checkoutSessionId) =>
        [400, 100, 250].map((cents) => takeBack({ checkoutSessionId }, cents)),
      ),
      ...[...months, ...months].map((month) => freeze(month)),
    ]);
    await checkInvariants();
    for (const checkoutSessionId of sessions) await takeBack({ checkoutSessionId }, 250);
    await checkInvariants();
    const entries = await ledger();
    const sumOf = (prefix: string) =>
      sumCents(entries.filter(([, cause]) => cause.startsWith(prefix)).map(([amount]) => amount));
    const bills = await listBills(database.db, 'test', userId);
    expect(sumCents(bills.map(({ totalCents }) => totalCents)) - sumOf('bill:')).toBe(3 * 700);
    expect(sumOf('checkout_session:')).toBe(6 * 500);
  }
});
