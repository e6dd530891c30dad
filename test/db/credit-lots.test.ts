import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { listBills } from '../../db/bills.ts';
import { listCreditLots } from '../../db/credits.ts';
import { freezeBill, listUsersToFreeze } from '../../db/freeze.ts';
import { ensurePriceList } from '../../db/price-list.ts';
import { findUser } from '../../db/users.ts';
import { periodEnd } from '../../domain/billing-period.ts';
import { createTestDatabase, useTestDatabase } from '../support/database.ts';
import { type CreditsOfUser, creditsOf } from './credits-of-user.ts';
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

const database = useTestDatabase({ pricesOf: ['test'] });
let userId: string;
let credits: CreditsOfUser;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-09-10T00:00:00Z') });
  userId = await newUser(database.db);
  credits = creditsOf(database.db, userId);
});
afterEach(() => {
  vi.useRealTimers();
});

const at = (instant: string) => new Date(instant);

describe('a bill uses credits', () => {
  test('that expire first, then the older ones, and the ledger says how much of which', async () => {
    const never = await credits.purchase(300);
    const later = await credits.purchase(300, at('2027-01-01T00:00:00Z'));
    const soon = await credits.purchase(300, at('2026-11-01T00:00:00Z'));
    await credits.use(700);
    const { billId, totalCents, lines } = await frozenBill(database.db, userId);
    expect(totalCents).toBe(0);
    expect(lines.at(-1)).toMatchObject({ product: 'credits', amountCents: -700 });
    expect((await credits.ledger()).slice(3)).toEqual([
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
    await credits.freeze(AUGUST);
    await ingest(database.db, [level(userId, '0', '2026-08-01T00:00:00.001Z')]);
    const { billId } = await frozenBill(database.db, userId);
    expect(await credits.ledger()).toEqual([[1_500, `bill:${billId}`, `bill:${billId}`]]);
    expect(await credits.balance(at('9999-01-01T00:00:00Z'))).toBe(1_500);
  });
});

describe('credits that expire', () => {
  test.each([
    ['2026-09-30T23:59:59.999Z', 1_000, 0],
    ['2026-10-01T00:00:00.000Z', 1_000, 0],
    ['2026-10-01T00:00:00.001Z', 700, 0],
  ])('at %s leave %i cents of September’s bill to pay', async (expiry, totalCents, left) => {
    const { lot } = await credits.purchase(300, at(expiry));
    await credits.use(1_000);
    const bill = await frozenBill(database.db, userId);
    expect(bill.totalCents).toBe(totalCents);
    expect((await credits.ledger()).slice(1)).toEqual([
      [-300, totalCents === 1_000 ? `expired:${lot}:1` : `bill:${bill.billId}`, lot],
    ]);
    expect(await credits.balance()).toBe(left);
  });

  test('are no balance from that instant on, whether written off or not', async () => {
    await credits.purchase(300, at('2026-09-20T00:00:00Z'));
    await credits.purchase(50);
    expect(await credits.balance(at('2026-09-19T23:59:59.999Z'))).toBe(350);
    expect(await credits.balance(at('2026-09-20T00:00:00Z'))).toBe(50);
    await credits.freeze();
    expect(await credits.balance(at('2026-09-20T00:00:00Z'))).toBe(50);
  });

  test.each(['2026-10-01T01:00:00Z', '2026-12-24T00:00:00Z'])(
    'pay the same part of a month that is closed at %s, whatever else happens to credits until then',
    async (closedAt) => {
      const other = await credits.purchase(200);
      await credits.purchase(300, at('2026-10-02T00:00:00Z'));
      await credits.use(1_000);
      vi.setSystemTime(at(closedAt));
      await credits.takeBack(other, 200);
      await credits.purchase(100);
      await credits.takeBack(other, 100);
      expect(await frozenBill(database.db, userId)).toMatchObject({ totalCents: 1_000 - 300 - 100 - 100 });
    },
  );

  test('are written off by the month in which they expire, also without a bill, and once', async () => {
    const { lot } = await credits.purchase(300, at('2026-10-31T00:00:00Z'));
    expect(await credits.freeze()).toEqual([]);
    expect(await credits.ledger()).toHaveLength(1);
    for (const _ of [1, 2]) expect(await credits.freeze(OCTOBER)).toEqual([]);
    expect((await credits.ledger()).slice(1)).toEqual([[-300, `expired:${lot}:1`, lot]]);
    expect(await listBills(database.db, 'test', userId)).toEqual([]);
  });

  test('and are given back later stay expired: the next month writes them off again', async () => {
    const bought = await credits.purchase(300, at('2026-09-20T00:00:00Z'));
    await credits.takeBack(bought, 200);
    await credits.freeze();
    vi.setSystemTime(at('2026-10-05T00:00:00Z'));
    await credits.takeBack(bought, 0);
    expect(await credits.balance()).toBe(0);
    await credits.freeze(OCTOBER);
    expect((await credits.ledger()).slice(1)).toEqual([
      [-200, `taken_back:${bought.checkoutSessionId}:1`, bought.lot],
      [-100, `expired:${bought.lot}:1`, bought.lot],
      [200, `taken_back:${bought.checkoutSessionId}:2`, bought.lot],
      [-200, `expired:${bought.lot}:2`, bought.lot],
    ]);
  });

  test('unused and refunded afterwards cost no other credits; what was used of them does', async () => {
    const bought = await credits.purchase(300, at('2026-10-20T00:00:00Z'));
    await credits.purchase(500);
    await credits.use(100);
    await credits.freeze();
    vi.setSystemTime(at('2026-11-01T01:00:00Z'));
    await credits.freeze(OCTOBER);
    await credits.takeBack(bought, 200);
    expect(await credits.balance()).toBe(500);
    await credits.takeBack(bought, 300);
    expect(await credits.balance()).toBe(400);
    await credits.takeBack(bought, 0);
    expect(await credits.balance()).toBe(500);
  });

  test('keep the date of the first time that their session was seen', async () => {
    const { checkoutSessionId } = await credits.purchase(300, at('2026-12-01T00:00:00Z'));
    await credits.purchase(300, at('2027-12-01T00:00:00Z'), checkoutSessionId);
    await credits.purchase(300, null, checkoutSessionId);
    expect(await listCreditLots(database.db, { mode: 'test', userId }, new Date())).toMatchObject([
      { remainingCents: 300, expiresAt: at('2026-12-01T00:00:00Z') },
    ]);
  });
});

describe('a refund', () => {
  test('takes the purchase’s own credits, then those that bills would use next, and gives them back', async () => {
    const bought = await credits.purchase(300, at('2027-01-01T00:00:00Z'));
    await credits.use(200);
    await credits.freeze();
    const never = await credits.purchase(100);
    const soon = await credits.purchase(50, at('2026-11-01T00:00:00Z'));
    await credits.takeBack(bought, 300);
    await credits.takeBack(bought, 120);
    const [first, second] = [1, 2].map((nth) => `taken_back:${bought.checkoutSessionId}:${nth}`);
    expect((await credits.ledger()).slice(4)).toEqual([
      [-100, first, bought.lot],
      [-50, first, soon.lot],
      [-100, first, never.lot],
      [100, second, never.lot],
      [30, second, soon.lot],
    ]);
  });

  test('leaves other credits that have expired to the month that may still use them', async () => {
    const bought = await credits.purchase(300);
    await credits.use(1_000);
    await credits.freeze();
    await credits.purchase(70, at('2026-10-20T00:00:00Z'));
    await credits.purchase(20, at('2026-11-02T00:00:00Z'));
    await credits.use(1_000, '2026-10-05T00:00:00Z');
    vi.setSystemTime(at('2026-11-03T00:00:00Z'));
    await credits.takeBack(bought, 300);
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
