import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BILL_STATUSES } from '../../domain/bill.ts';
import { sumCents } from '../../domain/money.ts';
import { type BilledCents, balanceOf, monthTotals } from '../../domain/month-balance.ts';
import { METERED_PRODUCTS } from '../../domain/price-list.ts';

const cents = fc.integer({ min: -1_000_000, max: 1_000_000_000 });
const billedUsage: fc.Arbitrary<BilledCents> = fc.record({
  status: fc.constantFrom(...BILL_STATUSES),
  hasCustomer: fc.boolean(),
  cents,
});
const month = fc.tuple(
  ...METERED_PRODUCTS.map((product) =>
    fc.record({
      product: fc.constant(product),
      billed: fc.array(billedUsage, { maxLength: 20 }),
      unbilled: fc.record({ unbilledCents: cents, unbilledUsers: fc.nat(), contradictions: fc.nat(9) }),
    }),
  ),
);

test("whatever became of the bills, what was used is the sum of the others, and nobody's usage is left out", () => {
  fc.assert(
    fc.property(month, (products) => {
      const totals = monthTotals(
        products.map(({ product, billed, unbilled }) => balanceOf(product, billed, unbilled)),
      );
      expect(totals.usedCents).toBe(
        totals.billedCents +
          totals.heldCents +
          totals.parkedCents +
          totals.unbillableCents +
          totals.writtenOffCents +
          totals.unbilledCents,
      );
      expect(totals.billedCents).toBe(totals.paidCents + totals.collectingCents + totals.waitingCents);
      expect(totals.usedCents).toBe(
        sumCents(
          products.flatMap(({ billed, unbilled }) => [
            unbilled.unbilledCents,
            ...billed.map((usage) => usage.cents),
          ]),
        ),
      );
      expect(totals.contradictions).toBe(sumCents(products.map(({ unbilled }) => unbilled.contradictions)));
    }),
  );
});

test('each status has one place, and only of parked bills it matters whether there is a customer', () => {
  const placeOf = (usage: Omit<BilledCents, 'cents'>) =>
    Object.entries(
      balanceOf('cpu_hour', [{ ...usage, cents: 1 }], {
        unbilledCents: 0,
        unbilledUsers: 0,
        contradictions: 0,
      }).billedCents,
    ).flatMap(([as, amount]) => (amount === 0 ? [] : [as]));
  for (const [status, as] of [
    ['paid', 'paid'],
    ['open', 'collecting'],
    ['payment_failed', 'collecting'],
    ['frozen', 'waiting'],
    ['held', 'held'],
    ['parked', 'parked'],
    ['void', 'writtenOff'],
  ] as const) {
    expect(placeOf({ status, hasCustomer: true })).toEqual([as]);
    expect(placeOf({ status, hasCustomer: false })).toEqual([status === 'parked' ? 'unbillable' : as]);
  }
});
