import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { listBills } from '../../db/bills.ts';
import { findUser } from '../../db/users.ts';
import { parseBillingPeriod, periodEnd, periodsBetween } from '../../domain/billing-period.ts';
import { sumCents } from '../../domain/money.ts';
import { useTestDatabase } from '../support/database.ts';
import { type CreditsOfUser, creditsOf } from './credits-of-user.ts';
import { newUser, SEPTEMBER } from './fixtures.ts';

const database = useTestDatabase({ pricesOf: ['test'] });
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const at = (instant: string) => new Date(instant);

interface Customer {
  readonly userId: string;
  readonly credits: CreditsOfUser;
}

async function newCustomer(): Promise<Customer> {
  const userId = await newUser(database.db);
  return { userId, credits: creditsOf(database.db, userId) };
}

/** What must hold of a user's credits whenever nobody is writing, read from the tables alone. */
async function checkInvariants({ userId, credits }: Customer): Promise<void> {
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
  expect(await credits.balance()).toBe(usableCents);
  expect(shortfall === 0 || usableCents === 0).toBe(true);

  let runningCents = 0;
  const balances = (await credits.ledger()).map(([amount]) => (runningCents += amount));
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
      const { userId, credits } = await newCustomer();
      const sessions = [0, 1, 2, 3].map(() => `cs_${randomUUID()}`);
      const months = [...MONTHS];
      const run = async (each: (typeof commands)[number]) => {
        if (each.type === 'purchase') {
          const life = each.lifeDays === null ? null : each.lifeDays * 24 * 60 * 60_000;
          await credits.purchase(
            300,
            life === null ? null : new Date(Date.now() + life),
            sessions[each.index],
          );
        } else if (each.type === 'takeBack') {
          await credits.takeBack({ checkoutSessionId: sessions[each.index] ?? '' }, each.cents);
        } else if (each.type === 'use') {
          await credits.use(each.cents, new Date().toISOString());
        } else if (each.type === 'pass') {
          vi.setSystemTime(Date.now() + 20 * 24 * 60 * 60_000);
        } else {
          const [month] = months;
          if (month === undefined || periodEnd(month) > new Date()) return;
          await credits.freeze(month);
          months.shift();
        }
      };
      for (const each of commands) {
        await run(each);
        await checkInvariants({ userId, credits });
      }
      const before = await credits.ledger();
      for (const each of commands) if (each.type === 'purchase') await run(each);
      expect(await credits.ledger()).toEqual(before);
    }),
    { numRuns: 40 },
  );
});

test('many freezes, purchases and refunds of one user at the same time leave no lot negative, and add up', async () => {
  for (let round = 0; round < 5; round += 1) {
    vi.setSystemTime(at('2026-12-05T00:00:00Z'));
    const { userId, credits } = await newCustomer();
    const sessions = Array.from({ length: 6 }, () => `cs_${randomUUID()}`);
    const expiries = [
      null,
      at('2026-10-15T00:00:00Z'),
      at('2026-11-15T00:00:00Z'),
      at('2027-06-01T00:00:00Z'),
    ];
    const buy = (session: string, index: number) =>
      credits.purchase(500, expiries[index % 4] ?? null, session);
    for (const [index, session] of sessions.slice(0, 3).entries()) await buy(session, index);
    const months = periodsBetween(SEPTEMBER, parseBillingPeriod('2026-11'));
    for (const month of months) await credits.use(700, `${month}-10T00:00:00Z`);
    await Promise.all([
      ...sessions.flatMap((session, index) => [buy(session, index), buy(session, index)]),
      ...sessions.flatMap((checkoutSessionId) =>
        [400, 100, 250].map((cents) => credits.takeBack({ checkoutSessionId }, cents)),
      ),
      ...[...months, ...months].map((month) => credits.freeze(month)),
    ]);
    await checkInvariants({ userId, credits });
    for (const checkoutSessionId of sessions) await credits.takeBack({ checkoutSessionId }, 250);
    await checkInvariants({ userId, credits });
    const entries = await credits.ledger();
    const sumOf = (prefix: string) =>
      sumCents(entries.filter(([, cause]) => cause.startsWith(prefix)).map(([amount]) => amount));
    const bills = await listBills(database.db, 'test', userId);
    expect(sumCents(bills.map(({ totalCents }) => totalCents)) - sumOf('bill:')).toBe(3 * 700);
    expect(sumOf('checkout_session:')).toBe(6 * 500);
  }
});
