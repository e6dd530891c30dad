import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { saveCreditPurchase, saveTakenBack } from '../../db/credit-purchases.ts';
import {
  creditBalanceCents,
  grantCreditLot,
  listCreditLots,
  lockUser,
  settleCredits,
  takeFromLots,
} from '../../db/credits.ts';
import { freezeBill } from '../../db/freeze.ts';
import { inTransaction } from '../../db/transaction.ts';
import { findUser } from '../../db/users.ts';
import { drawFromLots } from '../../domain/credits.ts';
import type { Mode } from '../../domain/mode.ts';
import { sumCents } from '../../domain/money.ts';
import { useTestDatabase } from '../support/database.ts';
import { AUGUST, frozenBill, ingest, level, newUser, OCTOBER, SEPTEMBER, usage } from './fixtures.ts';

const database = useTestDatabase({ pricesOf: ['live', 'test'] });
let userId: string;
/** The sessions of this test. */
let first: string;
let second: string;

beforeEach(async () => {
  userId = await newUser(database.db);
  first = newSession();
  second = newSession();
});

const newSession = () => `cs_test_${randomUUID()}`;
const grant = (
  checkoutSessionId: string,
  grantedCents: number,
  mode: Mode = 'test',
  expiresAt: Date | null = null,
) => saveCreditPurchase(database.db, { mode, userId, checkoutSessionId, grantedCents, expiresAt });
const takeBack = (checkoutSessionId: string, takenBackCents: number, mode: Mode = 'test') =>
  saveTakenBack(database.db, { mode, checkoutSessionId, takenBackCents });

async function credits(mode: Mode = 'test') {
  const user = await findUser(database.db, mode, userId);
  return {
    balance: await creditBalanceCents(database.db, mode, userId),
    shortfall: user?.credit_shortfall_cents,
  };
}

/** Amounts and causes, oldest first. */
async function ledger(): Promise<[number, string][]> {
  const entries = await database.db
    .selectFrom('credit_entries')
    .select(['amount_cents', 'cause'])
    .where('mode', '=', 'test')
    .where('user_id', '=', userId)
    .orderBy('entry_id')
    .execute();
  return entries.map(({ amount_cents: amount, cause }) => [amount, cause]);
}

async function rows() {
  const purchases = database.db.selectFrom('credit_purchases').selectAll().where('user_id', '=', userId);
  return [await purchases.execute(), await findUser(database.db, 'test', userId), await ledger()];
}

/** What a bill does: takes from the balance what there is of `cents`. @returns how much. */
async function spend(cents: number): Promise<number> {
  const user = { mode: 'test', userId } as const;
  return await inTransaction(database.db, async (transaction) => {
    await lockUser(transaction, user);
    const draws = drawFromLots(await listCreditLots(transaction, user, new Date()), cents);
    await takeFromLots(transaction, user, draws, `bill:${randomUUID()}`);
    return sumCents(draws.map((draw) => draw.cents));
  });
}

/** What a bill's correction does: adds to the balance. */
async function correct(cents: number): Promise<void> {
  const user = { mode: 'test', userId } as const;
  await inTransaction(database.db, async (transaction) => {
    await lockUser(transaction, user);
    await grantCreditLot(transaction, user, { cause: `bill:${randomUUID()}`, cents, expiresAt: null });
    await settleCredits(transaction, user);
  });
}

describe('a purchase', () => {
  test('grants its credits once', async () => {
    await Promise.all([grant(first, 500), grant(first, 500), grant(first, 500)]);
    await grant(first, 900);
    expect(await ledger()).toEqual([[500, `checkout_session:${first}`]]);
    expect(await credits()).toEqual({ balance: 500, shortfall: 0 });
  });

  test('of one mode is not one of the other', async () => {
    await grant(first, 500);
    const buyer = userId;
    userId = await newUser(database.db, 'live');
    await grant(first, 700, 'live');
    await takeBack(first, 700, 'live');
    expect(await credits('live')).toEqual({ balance: 0, shortfall: 0 });
    userId = buyer;
    expect(await credits()).toEqual({ balance: 500, shortfall: 0 });
  });

  test('that nobody has made gives nothing to take back', async () => {
    await grant(first, 500);
    await takeBack(second, 100);
    expect(await credits()).toEqual({ balance: 500, shortfall: 0 });
  });

  test('never has more taken back than it granted: the database refuses', async () => {
    await grant(first, 500);
    await expect(takeBack(first, 501)).rejects.toThrow('violates check constraint');
    await expect(takeBack(first, -1)).rejects.toThrow('violates check constraint');
  });
});

describe('what is taken back', () => {
  test('leaves the balance, and the ledger says for which purchase', async () => {
    await grant(first, 500);
    await grant(second, 300);
    await takeBack(first, 200);
    await takeBack(first, 500);
    expect((await ledger()).slice(2)).toEqual([
      [-200, `taken_back:${first}:1`],
      [-300, `taken_back:${first}:2`],
    ]);
    expect(await credits()).toEqual({ balance: 300, shortfall: 0 });
  });

  test('comes back when it is no longer due', async () => {
    await grant(first, 500);
    await takeBack(first, 500);
    await takeBack(first, 100);
    expect((await ledger()).slice(1)).toEqual([
      [-500, `taken_back:${first}:1`],
      [400, `taken_back:${first}:2`],
    ]);
    expect(await credits()).toEqual({ balance: 400, shortfall: 0 });
  });

  test('and was used already is a shortfall, which the next purchase makes good', async () => {
    await grant(first, 500);
    await spend(450);
    await takeBack(first, 500);
    expect(await credits()).toEqual({ balance: 0, shortfall: 450 });
    await grant(second, 300);
    expect(await credits()).toEqual({ balance: 0, shortfall: 150 });
    await grant(newSession(), 200);
    expect(await credits()).toEqual({ balance: 50, shortfall: 0 });
  });

  test('is a shortfall no longer when the refund failed', async () => {
    await grant(first, 500);
    await spend(450);
    await takeBack(first, 500);
    await takeBack(first, 0);
    expect(await credits()).toEqual({ balance: 50, shortfall: 0 });
  });

  test('is taken from credits that a correction of a bill brings', async () => {
    await grant(first, 1_000);
    await ingest(database.db, [level(userId, '100', '2026-08-01T00:00:00Z')]);
    expect(await frozenBill(database.db, userId, AUGUST)).toMatchObject({ totalCents: 500 });
    await takeBack(first, 600);
    expect(await credits()).toEqual({ balance: 0, shortfall: 600 });
    await ingest(database.db, [level(userId, '0', '2026-08-01T00:00:00.001Z')]);
    await frozenBill(database.db, userId, SEPTEMBER);
    expect(await credits()).toEqual({ balance: 1_500 - 600, shortfall: 0 });
  });

  test('twice in a row changes nothing more', async () => {
    await grant(first, 500);
    await spend(300);
    await takeBack(first, 400);
    const before = await rows();
    await takeBack(first, 400);
    await grant(first, 500);
    expect(await rows()).toEqual(before);
  });
});

const GRANTED = [300, 500, 700] as const;
const purchase = fc.nat({ max: GRANTED.length - 1 });
const command = fc.oneof(
  fc.record({ type: fc.constant('grant' as const), purchase }),
  fc.record({ type: fc.constant('takeBack' as const), purchase, part: fc.nat({ max: 10 }) }),
  fc.record({ type: fc.constant('spend' as const), cents: fc.integer({ min: 1, max: 600 }) }),
  fc.record({ type: fc.constant('correct' as const), cents: fc.integer({ min: 1, max: 300 }) }),
);
/** What Stripe says in the end of each purchase, looked at in any order and any number of times. */
const lastLooks = fc
  .tuple(...GRANTED.map(() => fc.nat({ max: 10 })))
  .chain((parts) =>
    fc.tuple(fc.constant(parts), fc.shuffledSubarray([0, 1, 2, 0, 1, 2], { minLength: 6, maxLength: 6 })),
  );

test('any order and number of grants, refunds, failed refunds, bills and corrections ends in the same credits', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 8 }), lastLooks, async (commands, [parts, looks]) => {
      userId = await newUser(database.db);
      const purchases = GRANTED.map((granted) => ({
        session: newSession(),
        granted,
        isSaved: false,
        due: 0,
      }));
      let usedCents = 0;
      const of = (index: number) => {
        const found = purchases[index];
        if (found === undefined) throw new Error(`There is no purchase ${index}`);
        return found;
      };
      const grantOf = async (index: number) => {
        await grant(of(index).session, of(index).granted);
        of(index).isSaved = true;
      };
      const takeBackOf = async (index: number, part: number) => {
        const due = (of(index).granted * part) / 10;
        await takeBack(of(index).session, due);
        if (of(index).isSaved) of(index).due = due;
      };
      const isAsItShouldBe = async () => {
        const saved = purchases.filter(({ isSaved }) => isSaved);
        const left = sumCents(saved.map(({ granted, due }) => granted - due)) - usedCents;
        expect(await credits()).toEqual({ balance: Math.max(0, left), shortfall: Math.max(0, -left) });
      };

      for (const each of commands) {
        if (each.type === 'grant') await grantOf(each.purchase);
        else if (each.type === 'takeBack') await takeBackOf(each.purchase, each.part);
        else if (each.type === 'spend') usedCents += await spend(each.cents);
        else {
          await correct(each.cents);
          usedCents -= each.cents;
        }
        await isAsItShouldBe();
      }
      for (const index of looks) {
        await grantOf(index);
        await takeBackOf(index, parts[index] ?? 0);
      }
      await isAsItShouldBe();
    }),
    { numRuns: 50 },
  );
});

test('all of it at the same time, with bills being frozen, never overdraws the balance', async () => {
  for (let round = 0; round < 5; round += 1) {
    userId = await newUser(database.db);
    const sessions = [0, 1, 2, 3].map(newSession);
    await ingest(database.db, [
      usage(userId, { quantity: '80' }),
      usage(userId, { quantity: '70', occurredAt: new Date('2026-10-15T00:00:00Z') }),
    ]);
    for (const session of sessions.slice(0, 2)) await grant(session, 500);
    await Promise.all([
      ...sessions.flatMap((session) => [grant(session, 500), grant(session, 500)]),
      ...sessions.slice(0, 2).flatMap((session) => [400, 100, 400].map((due) => takeBack(session, due))),
      ...[SEPTEMBER, OCTOBER].map((period) => freezeBill(database.db, { mode: 'test', userId, period })),
    ]);
    for (const session of sessions) await takeBack(session, 400);

    let runningCents = 0;
    const balances = (await ledger()).map(([amount]) => (runningCents += amount));
    expect(Math.min(...balances)).toBeGreaterThanOrEqual(0);
    const bills = await database.db
      .selectFrom('bills')
      .select('credits_applied_cents')
      .where('user_id', '=', userId)
      .execute();
    const usedCents = sumCents(bills.map((bill) => bill.credits_applied_cents));
    const left = 4 * (500 - 400) - usedCents;
    expect(await credits()).toEqual({ balance: Math.max(0, left), shortfall: Math.max(0, -left) });
  }
});
