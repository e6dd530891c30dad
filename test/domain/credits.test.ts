import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parseBillingPeriod, periodEnd } from '../../domain/billing-period.ts';
import {
  type CreditLot,
  creditsExpireAt,
  creditsToCents,
  drawFromLots,
  expiredForBill,
  inOrderOfConsumption,
  type RefundedPurchase,
  remainingCents,
  takenBackCents,
  usableAt,
  usableForBill,
} from '../../domain/credits.ts';
import { sumCents } from '../../domain/money.ts';
import { day } from './credit-ledger.ts';

const cents = (max: number) => fc.integer({ min: 0, max });

test('a credit pays for one dollar', () => {
  expect([1, 25, 10_000].map(creditsToCents)).toEqual([100, 2_500, 1_000_000]);
});

describe('what is taken back of a purchase', () => {
  const PURCHASE: RefundedPurchase = {
    grantedCents: 2_500,
    chargedCents: 2_500,
    refundedCents: 0,
    lostCents: 0,
  };

  test.each<[string, Partial<RefundedPurchase>, number]>([
    ['nothing of what stays paid', {}, 0],
    ['what was refunded', { refundedCents: 1_000 }, 1_000],
    ['all of what was refunded in full', { refundedCents: 2_500 }, 2_500],
    ['what was lost in a dispute', { lostCents: 2_500 }, 2_500],
    ['refund and dispute together', { refundedCents: 400, lostCents: 600 }, 1_000],
    ['never more than was granted', { refundedCents: 2_500, lostCents: 2_500 }, 2_500],
    ['a part, when taxes were paid as well', { chargedCents: 3_000, refundedCents: 1_500 }, 1_250],
    ['a part, when a coupon was', { chargedCents: 1_250, refundedCents: 625 }, 1_250],
    ['a half cent rounded up', { grantedCents: 100, chargedCents: 200, refundedCents: 1 }, 1],
    ['less than a half cent rounded down', { grantedCents: 100, chargedCents: 201, refundedCents: 1 }, 0],
    ['nothing of what cost nothing', { chargedCents: 0 }, 0],
  ])('%s', (_, overrides, expected) => {
    expect(takenBackCents({ ...PURCHASE, ...overrides })).toBe(expected);
  });

  const purchase: fc.Arbitrary<RefundedPurchase> = fc.record({
    grantedCents: cents(10 ** 8).map((amount) => amount + 1),
    chargedCents: cents(10 ** 8).map((amount) => amount + 1),
    refundedCents: cents(10 ** 8),
    lostCents: cents(10 ** 8),
  });

  it('is whole cents, from nothing to all', () => {
    fc.assert(
      fc.property(purchase, (each) => {
        const taken = takenBackCents(each);
        expect(Number.isSafeInteger(taken)).toBe(true);
        expect(taken).toBeGreaterThanOrEqual(0);
        expect(taken).toBeLessThanOrEqual(each.grantedCents);
      }),
    );
  });

  it('is within half a cent of the exact part', () => {
    fc.assert(
      fc.property(purchase, (each) => {
        const returned = BigInt(each.refundedCents + each.lostCents);
        const charged = BigInt(each.chargedCents);
        fc.pre(returned <= charged);
        const error = 2n * (BigInt(takenBackCents(each)) * charged - BigInt(each.grantedCents) * returned);
        expect(error > -charged && error <= charged).toBe(true);
      }),
    );
  });

  it('grows with what is refunded, and does not mind whether by refund or by dispute', () => {
    fc.assert(
      fc.property(purchase, cents(10 ** 8), (each, more) => {
        const taken = takenBackCents(each);
        expect(takenBackCents({ ...each, refundedCents: each.refundedCents + more })).toBeGreaterThanOrEqual(
          taken,
        );
        const swapped = { ...each, refundedCents: each.lostCents, lostCents: each.refundedCents };
        expect(takenBackCents(swapped)).toBe(taken);
      }),
    );
  });
});

const SEPTEMBER = parseBillingPeriod('2026-09');

function lotOf(lot: string, overrides: Partial<CreditLot> = {}): CreditLot {
  return { lot, remainingCents: 100, expiresAt: null, grantedOrder: 1, ...overrides };
}

const someLots: fc.Arbitrary<CreditLot[]> = fc
  .array(
    fc.record({
      remainingCents: cents(500),
      expiresAt: fc.option(fc.integer({ min: 1, max: 4 }).map(day)),
    }),
    { maxLength: 6 },
  )
  .chain((lots) =>
    fc
      .shuffledSubarray(
        lots.map((_, index) => index),
        { minLength: lots.length },
      )
      .map((orders) =>
        lots.map((each, index) => ({ ...each, lot: `lot-${index}`, grantedOrder: orders[index] ?? 0 })),
      ),
  );

test('credits expire so long after their Checkout session was made, or never', () => {
  expect(creditsExpireAt(day(1).getTime(), 2 * 24 * 60 * 60_000)).toEqual(day(3));
  expect(creditsExpireAt(day(1).getTime(), null)).toBeNull();
});

describe('a lot', () => {
  test('is usable before the instant at which it expires, and not from then on', () => {
    const lots = [lotOf('expires', { expiresAt: day(2) }), lotOf('stays')];
    const namesAt = (instant: Date) => usableAt(lots, instant).map(({ lot }) => lot);
    expect(namesAt(new Date(day(2).getTime() - 1))).toEqual(['expires', 'stays']);
    expect(namesAt(day(2))).toEqual(['stays']);
  });

  test('pays for months that ended before it expired', () => {
    const end = periodEnd(SEPTEMBER).getTime();
    const lots = [-1, 0, 1].map((ms) => lotOf(`${ms}`, { expiresAt: new Date(end + ms) }));
    const names = (of: CreditLot[]) => of.map(({ lot }) => lot);
    expect(names(usableForBill([...lots, lotOf('never')], SEPTEMBER))).toEqual(['1', 'never']);
    expect(names(expiredForBill([...lots, lotOf('never')], SEPTEMBER))).toEqual(['-1', '0']);
  });

  test('of which nothing is left is not written off', () => {
    expect(expiredForBill([lotOf('empty', { remainingCents: 0, expiresAt: day(1) })], SEPTEMBER)).toEqual([]);
  });
});

describe('a draw', () => {
  test('takes what expires first, of equals the older one, and in the end what never expires', () => {
    const lots = [
      lotOf('never', { grantedOrder: 1 }),
      lotOf('later', { expiresAt: day(9), grantedOrder: 2 }),
      lotOf('soon, newer', { expiresAt: day(5), grantedOrder: 4 }),
      lotOf('soon, older', { expiresAt: day(5), grantedOrder: 3 }),
      lotOf('never, newer', { grantedOrder: 5 }),
    ];
    expect(drawFromLots(lots, 450)).toEqual([
      { lot: 'soon, older', cents: 100 },
      { lot: 'soon, newer', cents: 100 },
      { lot: 'later', cents: 100 },
      { lot: 'never', cents: 100 },
      { lot: 'never, newer', cents: 50 },
    ]);
  });

  it('comes to what is asked for, or to all there is, and never to more of a lot than it holds', () => {
    fc.assert(
      fc.property(someLots, cents(3_000), (lots, wanted) => {
        const draws = drawFromLots(lots, wanted);
        expect(sumCents(draws.map((draw) => draw.cents))).toBe(Math.min(wanted, remainingCents(lots)));
        for (const draw of draws) {
          const held = lots.find(({ lot }) => lot === draw.lot)?.remainingCents ?? 0;
          expect(draw.cents).toBeGreaterThan(0);
          expect(draw.cents).toBeLessThanOrEqual(held);
        }
        expect(new Set(draws.map(({ lot }) => lot)).size).toBe(draws.length);
      }),
    );
  });

  it('leaves a lot alone while something is left of one that comes before it', () => {
    fc.assert(
      fc.property(someLots, cents(3_000), (lots, wanted) => {
        const draws = new Map(drawFromLots(lots, wanted).map((draw) => [draw.lot, draw.cents]));
        const holding = inOrderOfConsumption(lots).filter((each) => each.remainingCents > 0);
        const emptied = holding.map((each) => draws.get(each.lot) === each.remainingCents);
        const last = holding.findLastIndex(({ lot }) => draws.has(lot));
        expect(emptied.slice(0, Math.max(0, last))).not.toContain(false);
      }),
    );
  });

  it('does not depend on the order in which the lots are given', () => {
    fc.assert(
      fc.property(someLots, cents(3_000), (lots, wanted) => {
        expect(drawFromLots(lots.toReversed(), wanted)).toEqual(drawFromLots(lots, wanted));
      }),
    );
  });
});
