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
  type PurchaseTakenBack,
  type RefundedPurchase,
  remainingCents,
  settleTakenBack,
  takenAfter,
  takenBackCents,
  usableAt,
  usableForBill,
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

/** An instant of September, by its day. */
const day = (date: number) => new Date(Date.UTC(2026, 8, date));
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

/** A ledger as small as can be: what the database keeps, in memory. */
class Ledger {
  now = day(1);
  shortfallCents = 0;
  readonly lots: (CreditLot & { readonly expiredCents: number })[] = [];
  readonly purchases: { readonly lot: string; dueCents: number }[] = [];
  readonly entries: { readonly of: string; readonly lot: string; readonly amountCents: number }[] = [];

  grant(lot: string, grantedCents: number, expiresAt: Date | null = null): void {
    const grantedOrder = this.lots.length;
    this.lots.push({ lot, remainingCents: grantedCents, expiresAt, grantedOrder, expiredCents: 0 });
    this.settle();
  }

  purchase(lot: string, grantedCents: number, expiresAt: Date | null = null): void {
    this.purchases.push({ lot, dueCents: 0 });
    this.grant(lot, grantedCents, expiresAt);
  }

  /** What is to be taken back of the purchase, from now on. */
  due(lot: string, dueCents: number): void {
    for (const purchase of this.purchases) if (purchase.lot === lot) purchase.dueCents = dueCents;
    this.settle();
  }

  dueOf(lot: string): number {
    return this.purchases.find((purchase) => purchase.lot === lot)?.dueCents ?? 0;
  }

  use(wantedCents: number): void {
    for (const { lot, cents: drawn } of drawFromLots(usableAt(this.lots, this.now), wantedCents))
      this.change(lot, -drawn);
  }

  /** What the freeze of a month that has ended by now does with what has expired. */
  writeOff(): void {
    const usable = usableAt(this.lots, this.now);
    for (const [index, each] of this.lots.entries()) {
      if (usable.includes(each)) continue;
      const expiredCents = each.expiredCents + each.remainingCents;
      this.lots[index] = { ...each, remainingCents: 0, expiredCents };
    }
  }

  takenBack(): PurchaseTakenBack[] {
    return this.purchases.map(({ lot, dueCents }) => ({
      lot,
      dueCents,
      expiredCents: this.lots.find((each) => each.lot === lot)?.expiredCents ?? 0,
      taken: takenAfter(this.entries.filter(({ of }) => of === lot)),
    }));
  }

  settlement(purchases = this.takenBack()) {
    return settleTakenBack(purchases, this.lots, this.now);
  }

  left(lots: readonly CreditLot[] = this.lots): Record<string, number> {
    return Object.fromEntries(lots.map((each) => [each.lot, each.remainingCents]));
  }

  usable(): CreditLot[] {
    return usableAt(this.lots, this.now);
  }

  private settle(): void {
    const { entries, shortfallCents } = this.settlement();
    for (const { purchase, lot, amountCents } of entries) {
      this.entries.push({ of: purchase.lot, lot, amountCents });
      this.change(lot, amountCents);
    }
    this.shortfallCents = shortfallCents;
  }

  private change(lot: string, amountCents: number): void {
    const index = this.lots.findIndex((each) => each.lot === lot);
    const found = this.lots[index];
    if (found === undefined || found.remainingCents + amountCents < 0)
      throw new Error(`${lot} is overdrawn by ${amountCents}`);
    this.lots[index] = { ...found, remainingCents: found.remainingCents + amountCents };
  }
}

describe('what is due is taken', () => {
  test('from the purchase’s own lot, then from the others as bills do, if they have not expired', () => {
    const ledger = new Ledger();
    ledger.purchase('refunded', 100);
    ledger.grant('never', 100);
    ledger.grant('expired', 100, day(1));
    ledger.use(40);
    ledger.grant('soon', 30, day(9));
    ledger.due('refunded', 60);
    expect(ledger.left()).toEqual({ refunded: 0, never: 100, expired: 100, soon: 30 });
    ledger.due('refunded', 100);
    expect(ledger.left()).toEqual({ refunded: 0, never: 90, expired: 100, soon: 0 });
  });

  test('also from an own lot that has expired and is not written off yet, before any other', () => {
    const ledger = new Ledger();
    ledger.purchase('refunded', 100, day(2));
    ledger.grant('other', 100);
    ledger.now = day(3);
    ledger.due('refunded', 60);
    expect(ledger.left()).toEqual({ refunded: 40, other: 100 });
  });

  test('and what expired unused counts as taken: nothing more is, and nothing is given back', () => {
    const ledger = new Ledger();
    ledger.purchase('refunded', 100, day(2));
    ledger.grant('other', 100);
    ledger.use(30);
    ledger.due('refunded', 50);
    ledger.now = day(3);
    ledger.writeOff();
    ledger.due('refunded', 60);
    expect(ledger.left()).toEqual({ refunded: 0, other: 100 });
    // Of 100 that were refunded 30 were used.
    ledger.due('refunded', 100);
    expect(ledger.left()).toEqual({ refunded: 0, other: 70 });
  });
});

describe('what is due no longer is given back', () => {
  test('to the lots it came from: what was taken last first, and to the own one in the end', () => {
    const ledger = new Ledger();
    ledger.purchase('refunded', 200);
    for (const lot of ['second', 'third']) ledger.grant(lot, 100);
    ledger.use(150);
    ledger.due('refunded', 200);
    expect(ledger.left()).toEqual({ refunded: 0, second: 0, third: 50 });
    ledger.due('refunded', 120);
    expect(ledger.left()).toEqual({ refunded: 0, second: 30, third: 100 });
    ledger.due('refunded', 20);
    expect(ledger.left()).toEqual({ refunded: 30, second: 100, third: 100 });
  });

  test('also to a lot that has expired meanwhile, which stays expired', () => {
    const ledger = new Ledger();
    ledger.purchase('refunded', 100);
    ledger.use(100);
    ledger.grant('expires', 50, day(2));
    ledger.due('refunded', 50);
    ledger.now = day(3);
    ledger.due('refunded', 0);
    expect(ledger.left()).toEqual({ refunded: 0, expires: 50 });
    expect(remainingCents(ledger.usable())).toBe(0);
  });

  test('also to another purchase’s own lot, which then needs the others no longer', () => {
    const ledger = new Ledger();
    for (const lot of ['first', 'second']) ledger.purchase(lot, 100);
    ledger.grant('third', 100);
    ledger.use(100);
    ledger.due('first', 60);
    ledger.due('second', 100);
    expect(ledger.left()).toEqual({ first: 0, second: 0, third: 40 });
    ledger.due('first', 0);
    expect(ledger.left()).toEqual({ first: 0, second: 0, third: 100 });
  });
});

describe('a settlement', () => {
  const PURCHASES = ['first', 'second', 'third'];
  const purchase = fc.constantFrom(...PURCHASES);
  const step = fc.oneof(
    fc.record({ type: fc.constant('due' as const), purchase, cents: cents(100) }),
    fc.record({ type: fc.constant('use' as const), cents: cents(150) }),
    fc.record({
      type: fc.constant('grant' as const),
      cents: cents(99).map((amount) => amount + 1),
      expiresOn: fc.option(fc.integer({ min: 1, max: 9 })),
    }),
    fc.record({ type: fc.constantFrom('nextDay' as const, 'writeOff' as const) }),
  );
  const lives = fc.record({
    expiries: fc.array(fc.option(fc.integer({ min: 1, max: 9 })), { minLength: 3, maxLength: 3 }),
    steps: fc.array(step, { maxLength: 20 }),
  });

  function start(expiries: readonly (number | null)[]): Ledger {
    const ledger = new Ledger();
    for (const [index, lot] of PURCHASES.entries()) {
      const expiresOn = expiries[index] ?? null;
      ledger.purchase(lot, 100, expiresOn === null ? null : day(expiresOn));
    }
    return ledger;
  }

  type Step = typeof step extends fc.Arbitrary<infer Of> ? Of : never;

  function take(ledger: Ledger, next: Step): void {
    switch (next.type) {
      case 'due':
        return ledger.due(next.purchase, next.cents);
      case 'use':
        return ledger.use(next.cents);
      case 'grant': {
        const expiresAt = next.expiresOn === null ? null : day(next.expiresOn);
        return ledger.grant(`correction-${ledger.lots.length}`, next.cents, expiresAt);
      }
      case 'nextDay':
        ledger.now = new Date(ledger.now.getTime() + 24 * 60 * 60_000);
        return;
      default:
        return ledger.writeOff();
    }
  }

  /** Checks something after each step of many lives. */
  function always(check: (ledger: Ledger) => void): void {
    fc.assert(
      fc.property(lives, ({ expiries, steps }) => {
        const ledger = start(expiries);
        for (const each of steps) {
          take(ledger, each);
          check(ledger);
        }
      }),
      { numRuns: 500 },
    );
  }

  const totalOf = (amounts: PurchaseTakenBack['taken']) => sumCents(amounts.map((each) => each.cents));

  it('takes all that is due, or all that there is; never more', () => {
    always((ledger) => {
      expect(ledger.shortfallCents === 0 || remainingCents(ledger.usable()) === 0).toBe(true);
      const missing = ledger.takenBack().map(({ dueCents, expiredCents, taken }) => {
        expect(totalOf(taken)).toBeLessThanOrEqual(dueCents);
        return Math.max(0, dueCents - expiredCents - totalOf(taken));
      });
      expect(sumCents(missing)).toBe(ledger.shortfallCents);
    });
  });

  it('takes nothing of other lots while something is left of the purchase’s own', () => {
    always((ledger) => {
      for (const { lot, taken } of ledger.takenBack()) {
        const takesOfOthers = taken.some((each) => each.lot !== lot);
        expect(takesOfOthers && (ledger.left()[lot] ?? 0) > 0).toBe(false);
      }
    });
  });

  it('that is repeated changes nothing, nor after a bill, a write-off or another day', () => {
    always((ledger) => {
      expect(ledger.settlement()).toEqual({ entries: [], shortfallCents: ledger.shortfallCents });
    });
  });

  it('leaves the same of each lot in any order of the purchases', () => {
    const dues = fc.array(cents(100), { minLength: 3, maxLength: 3 });
    const orders = fc.shuffledSubarray([0, 1, 2], { minLength: 3 });
    fc.assert(
      fc.property(lives, dues, orders, ({ expiries, steps }, due, order) => {
        const ledger = start(expiries);
        for (const each of steps) take(ledger, each);
        const purchases = ledger.takenBack().map((each, index) => ({ ...each, dueCents: due[index] ?? 0 }));
        const changesOf = (settlement: ReturnType<Ledger['settlement']>) => ({
          shortfallCents: settlement.shortfallCents,
          lots: ledger.lots.map(({ lot }) =>
            sumCents(
              settlement.entries.filter((entry) => entry.lot === lot).map((entry) => entry.amountCents),
            ),
          ),
        });
        const reordered = order.flatMap((index) => purchases[index] ?? []);
        expect(changesOf(ledger.settlement(reordered))).toEqual(changesOf(ledger.settlement(purchases)));
      }),
      { numRuns: 500 },
    );
  });

  it('of a refund that fails leaves of each lot that has not expired what there was before', () => {
    fc.assert(
      fc.property(lives, purchase, cents(100), ({ expiries, steps }, lot, more) => {
        const ledger = start(expiries);
        for (const each of steps) take(ledger, each);
        fc.pre(ledger.shortfallCents === 0);
        const before = ledger.left(ledger.usable());
        const dueCents = ledger.dueOf(lot);
        ledger.due(lot, dueCents + more);
        ledger.due(lot, dueCents);
        expect(ledger.left(ledger.usable())).toEqual(before);
      }),
      { numRuns: 500 },
    );
  });

  it('writes each purchase and lot once, and gives back before it takes', () => {
    fc.assert(
      fc.property(lives, fc.array(cents(100), { minLength: 3, maxLength: 3 }), ({ expiries, steps }, due) => {
        const ledger = start(expiries);
        for (const each of steps) take(ledger, each);
        const purchases = ledger.takenBack().map((each, index) => ({ ...each, dueCents: due[index] ?? 0 }));
        const { entries } = ledger.settlement(purchases);
        const names = entries.map((entry) => `${entry.purchase.lot} ${entry.lot}`);
        expect(new Set(names).size).toBe(names.length);
        const signs = entries.map(({ amountCents }) => Math.sign(amountCents));
        expect(signs).not.toContain(0);
        expect(signs).toEqual(signs.toSorted((a, b) => b - a));
      }),
    );
  });
});
