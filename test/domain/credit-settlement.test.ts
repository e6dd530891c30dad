import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type PurchaseTakenBack, remainingCents } from '../../domain/credits.ts';
import { sumCents } from '../../domain/money.ts';
import { day, Ledger } from './credit-ledger.ts';

const cents = (max: number) => fc.integer({ min: 0, max });

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
