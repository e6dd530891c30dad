import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BillLine, payWithCredits, type RatedBill } from '../../domain/bill.ts';
import { drawsOfParts, MAX_INVOICE_LINES, splitIntoParts } from '../../domain/bill-parts.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { type CreditLot, drawFromLots, type LotAmount, remainingCents } from '../../domain/credits.ts';
import { sumCents } from '../../domain/money.ts';

const period = parseBillingPeriod('2026-10');

const line = (amountCents: number, index: number): BillLine => ({
  product: 'storage_gb_month',
  usagePeriod: parseBillingPeriod(`${String(1_000 + index)}-01`),
  quantity: String(amountCents),
  exactQuantity: String(amountCents),
  unitPriceCents: '1',
  amountCents,
  description: `line ${index}`,
});
const bill = (cents: readonly number[], credits = 0) => payWithCredits(cents.map(line), period, credits);
const repeat = (count: number, cents: number): number[] => Array.from({ length: count }, () => cents);

const shapeOf = (parts: readonly RatedBill[]) =>
  parts.map(({ lines, totalCents, creditsAppliedCents }) => [lines.length, totalCents, creditsAppliedCents]);
const usageLinesOf = ({ lines }: RatedBill) => lines.filter(({ product }) => product !== 'credits');

describe('a bill becomes parts', () => {
  it('only when an invoice does not take its lines, those for credits included', () => {
    for (const whole of [bill([]), bill(repeat(250, 1)), bill(repeat(249, 1), 100)])
      expect(splitIntoParts(whole, period)).toEqual([whole]);
    expect(shapeOf(splitIntoParts(bill(repeat(251, 1)), period))).toEqual([
      [249, 249, 0],
      [2, 2, 0],
    ]);
    expect(shapeOf(splitIntoParts(bill(repeat(250, 1), 100), period))).toEqual([
      [250, 149, 100],
      [1, 1, 0],
    ]);
  });

  it('whose credits are used by one part after the other', () => {
    expect(shapeOf(splitIntoParts(bill(repeat(500, 10), 2_500), period))).toEqual([
      [250, 0, 2_490],
      [250, 2_480, 10],
      [2, 20, 0],
    ]);
  });

  it('of which corrections come first, and pay for the others before credits do', () => {
    const used = [...repeat(249, 10), ...repeat(249, -4)]; // 2,490 − 996
    expect(shapeOf(splitIntoParts(bill(used, 100), period))).toEqual([
      [250, 0, -996],
      [250, 2_490 - 996 - 100, 996 + 100],
    ]);
  });

  it('that give only what the corrections of all have too much', () => {
    const used = [...repeat(249, 4), ...repeat(249, -10)];
    expect(bill(used, 100)).toMatchObject({ totalCents: 0, creditsAppliedCents: 996 - 2_490 });
    expect(shapeOf(splitIntoParts(bill(used, 100), period))).toEqual([
      [250, 0, -2_490],
      [250, 0, 996],
    ]);
  });
});

const lots = fc.array(
  fc.record({ remainingCents: fc.nat(20_000), days: fc.option(fc.integer({ min: 1, max: 3 })) }),
  { maxLength: 4 },
);
const cents = fc.oneof(fc.constant(0), fc.integer({ min: -100, max: 300 }), fc.integer({ max: 90_000 }));
/** Stretches of lines alike, as corrections of one disk and usage of another product are. */
const stretches = fc.array(fc.tuple(cents, fc.integer({ min: 1, max: 400 })), {
  minLength: 1,
  maxLength: 8,
});

it('the parts of any bill are together that bill, to the cent, and leave the same credits in the same lots', () => {
  let split = 0;
  fc.assert(
    fc.property(stretches, lots, (amounts, ledger) => {
      const purse: CreditLot[] = ledger.map(({ remainingCents: left, days }, index) => ({
        lot: `lot ${index}`,
        remainingCents: left,
        expiresAt: days === null ? null : new Date(Date.UTC(2027, 0, days)),
        grantedOrder: index,
      }));
      const whole = bill(
        amounts.flatMap(([each, count]) => repeat(count, each)),
        remainingCents(purse),
      );
      const parts = splitIntoParts(whole, period);
      if (parts.length > 1) split += 1;

      expect(sumCents(parts.map((part) => part.totalCents))).toBe(whole.totalCents);
      expect(sumCents(parts.map((part) => part.creditsAppliedCents))).toBe(whole.creditsAppliedCents);
      const byDescription = (a: BillLine, b: BillLine) => (a.description < b.description ? -1 : 1);
      expect(parts.flatMap(usageLinesOf).toSorted(byDescription)).toEqual(
        usageLinesOf(whole).toSorted(byDescription),
      );
      for (const part of parts) {
        expect(part.lines.length).toBeLessThanOrEqual(MAX_INVOICE_LINES);
        expect(part.totalCents).toBeGreaterThanOrEqual(0);
        expect(sumCents(part.lines.map((each) => each.amountCents))).toBe(part.totalCents);
      }
      expectSameCredits(whole, parts, purse);
    }),
  );
  expect(split).toBeGreaterThan(50);
});

/** Whatever the parts give each other, the purse ends as after the one bill. */
function expectSameCredits(whole: RatedBill, parts: readonly RatedBill[], purse: readonly CreditLot[]): void {
  const withLots = parts.map((part, index) => ({ ...part, lot: `given ${index}` }));
  const draws = drawsOfParts(withLots, purse);
  for (const [index, part] of parts.entries())
    expect(centsOf(draws[index] ?? [])).toBe(Math.max(0, part.creditsAppliedCents));
  const isGiven = ({ lot }: LotAmount) => lot.startsWith('given');
  const drawn = draws.flat();
  expect(sumByLot(drawn.filter((draw) => !isGiven(draw)))).toEqual(
    sumByLot(drawFromLots(purse, Math.max(0, whole.creditsAppliedCents))),
  );
  const givenCents = sumCents(parts.map((part) => Math.max(0, -part.creditsAppliedCents)));
  expect(givenCents - centsOf(drawn.filter(isGiven))).toBe(Math.max(0, -whole.creditsAppliedCents));
}

const centsOf = (draws: readonly LotAmount[]) => sumCents(draws.map((draw) => draw.cents));

function sumByLot(draws: readonly LotAmount[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { lot, cents: drawn } of draws) sums[lot] = (sums[lot] ?? 0) + drawn;
  return sums;
}
