import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  creditsToCents,
  type PurchaseTakenBack,
  type RefundedPurchase,
  settleTakenBack,
  takenBackCents,
} from '../../domain/credits.ts';
import { sumCents } from '../../domain/money.ts';

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

describe('a settlement', () => {
  const purchases: fc.Arbitrary<PurchaseTakenBack[]> = fc.array(
    fc.record({ dueCents: cents(500), takenCents: cents(500) }),
    { maxLength: 6 },
  );

  /** The purchases and the balance once the entries are written. */
  function settled(before: readonly PurchaseTakenBack[], balanceCents: number) {
    const { entries, shortfallCents } = settleTakenBack(before, balanceCents);
    const after = before.map((purchase) => {
      const own = entries.filter((entry) => entry.purchase === purchase);
      const amounts = own.map(({ amountCents }) => amountCents);
      return { ...purchase, takenCents: purchase.takenCents - sumCents(amounts) };
    });
    const amounts = entries.map(({ amountCents }) => amountCents);
    return { after, amounts, shortfallCents, balanceCents: balanceCents + sumCents(amounts) };
  }

  it('takes all that is due, or all that there is', () => {
    fc.assert(
      fc.property(purchases, cents(1_000), (before, balance) => {
        const { after, amounts, shortfallCents, balanceCents } = settled(before, balance);
        expect(balanceCents).toBeGreaterThanOrEqual(0);
        expect(shortfallCents === 0 || balanceCents === 0).toBe(true);
        const missing = after.map(({ dueCents, takenCents }) => dueCents - takenCents);
        expect(Math.min(0, ...missing)).toBe(0);
        expect(sumCents(missing)).toBe(shortfallCents);
        expect(amounts).not.toContain(0);
      }),
    );
  });

  it('comes to the same in any order of the purchases', () => {
    const shuffled = purchases.chain((before) =>
      fc.tuple(
        fc.constant(before),
        fc.shuffledSubarray(before, { minLength: before.length, maxLength: before.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, cents(1_000), ([before, reordered], balance) => {
        const { balanceCents, shortfallCents } = settled(before, balance);
        expect(settled(reordered, balance)).toMatchObject({ balanceCents, shortfallCents });
      }),
    );
  });

  it('that is repeated changes nothing more', () => {
    fc.assert(
      fc.property(purchases, cents(1_000), (before, balance) => {
        const first = settled(before, balance);
        const again = settled(first.after, first.balanceCents);
        expect(again).toEqual({ ...first, amounts: [] });
      }),
    );
  });
});
