import { type BillLine, payWithCredits, type RatedBill } from './bill.ts';
import type { BillingPeriod } from './billing-period.ts';
import { type CreditLot, drawFromLots, type LotAmount } from './credits.ts';
import { sumCents } from './money.ts';

/** The most lines that Stripe takes on one invoice. */
export const MAX_INVOICE_LINES = 250;

/** Of a part: one line is left for credits. */
const MAX_USAGE_LINES = MAX_INVOICE_LINES - 1;

/**
 * Splits a bill with more lines than an invoice takes into parts, each a bill by itself; any other is its only part. Together
 * they are the bill: its lines of usage, each on one part, and to the cent its total and its credits.
 *
 * A part whose corrections exceed its usage comes to less than nothing, and gives credits as any such bill does. Such parts
 * come first, so that what they give can pay for the others.
 */
export function splitIntoParts(bill: RatedBill, period: BillingPeriod): RatedBill[] {
  if (bill.lines.length <= MAX_INVOICE_LINES) return [bill];
  const usageLines = bill.lines.filter(({ product }) => product !== 'credits');
  let creditsLeftCents = bill.creditsAppliedCents;
  return correctionsFirst(chunksOf(usageLines)).map((lines) => {
    const part = payWithCredits(lines, period, creditsLeftCents);
    creditsLeftCents -= part.creditsAppliedCents;
    return part;
  });
}

function chunksOf(lines: readonly BillLine[]): BillLine[][] {
  const count = Math.ceil(lines.length / MAX_USAGE_LINES);
  return Array.from({ length: count }, (_, index) =>
    lines.slice(index * MAX_USAGE_LINES, (index + 1) * MAX_USAGE_LINES),
  );
}

function correctionsFirst(chunks: readonly BillLine[][]): BillLine[][] {
  const isCorrection = (lines: readonly BillLine[]) =>
    sumCents(lines.map(({ amountCents }) => amountCents)) < 0;
  return [...chunks.filter(isCorrection), ...chunks.filter((lines) => !isCorrection(lines))];
}

/** What a part does with credits, and the name of the lot that it grants if it gives some. */
export type PartWithLot = Pick<RatedBill, 'creditsAppliedCents'> & { readonly lot: string };

/**
 * What each part draws on, in their order. What earlier parts gave is used up before any of `lots`, as if it had never been
 * granted: so the lots end as they would with one bill.
 *
 * @param lots those that may pay the bill.
 */
export function drawsOfParts(parts: readonly PartWithLot[], lots: readonly CreditLot[]): LotAmount[][] {
  let given: readonly CreditLot[] = [];
  let others = lots;
  return parts.map(({ lot, creditsAppliedCents }) => {
    if (creditsAppliedCents < 0) {
      const grant = { remainingCents: -creditsAppliedCents, expiresAt: null, grantedOrder: given.length };
      given = [...given, { lot, ...grant }];
      return [];
    }
    const ofGiven = drawFromLots(given, creditsAppliedCents);
    const ofOthers = drawFromLots(others, creditsAppliedCents - sumCents(ofGiven.map(({ cents }) => cents)));
    given = withoutDrawn(given, ofGiven);
    others = withoutDrawn(others, ofOthers);
    return [...ofGiven, ...ofOthers];
  });
}

function withoutDrawn(lots: readonly CreditLot[], draws: readonly LotAmount[]): CreditLot[] {
  const drawn = new Map(draws.map(({ lot, cents }) => [lot, cents]));
  return lots.map((each) => ({
    ...each,
    remainingCents: each.remainingCents - (drawn.get(each.lot) ?? 0),
  }));
}
