/** The oracle's view of one user's credits: what came in, what is left of it, and what is due back. In cents. */

/** Credits that came in at once. */
export interface Lot {
  /** `null` for a correction that became credits. */
  readonly purchase: string | null;
  readonly leftCents: number;
}

/** What is to be taken back of a purchase, and what of it was not there yet. */
interface Debt {
  readonly purchase: string;
  readonly dueCents: number;
  readonly missingCents: number;
}

export interface Purse {
  /** In the order in which they were granted. */
  readonly lots: readonly Lot[];
  readonly debts: readonly Debt[];
}

export const EMPTY_PURSE: Purse = { lots: [], debts: [] };

/** What there is, all in all. */
export function balanceCents({ lots }: Purse): number {
  return lots.reduce((sum, lot) => sum + lot.leftCents, 0);
}

/** What is due back and was not there to be taken. */
export function shortfallCents({ debts }: Purse): number {
  return debts.reduce((sum, debt) => sum + debt.missingCents, 0);
}

/** More credits; what is still due back is taken from them. */
export function grant(purse: Purse, lot: Lot): Purse {
  return settle({ ...purse, lots: [...purse.lots, lot] });
}

/** A bill consumes the oldest first. There must be as much. */
export function consume(purse: Purse, cents: number): Purse {
  return take(purse, () => true, cents).purse;
}

/** Of one purchase, `dueCents` are to be taken back all in all; never less than it was before. */
export function takeBack(purse: Purse, purchase: string, dueCents: number): Purse {
  const before = purse.debts.find((debt) => debt.purchase === purchase);
  const missingCents = (before?.missingCents ?? 0) + dueCents - (before?.dueCents ?? 0);
  const others = purse.debts.filter((debt) => debt !== before);
  return settle({ ...purse, debts: [...others, { purchase, dueCents, missingCents }] });
}

/** Takes what is missing, as far as there is any: of each purchase's own lot first. */
function settle(purse: Purse): Purse {
  let now = purse;
  for (const { purchase } of purse.debts) {
    now = pay(now, purchase, (lot) => lot.purchase === purchase);
    now = pay(now, purchase, () => true);
  }
  return now;
}

function pay(purse: Purse, purchase: string, from: (lot: Lot) => boolean): Purse {
  const missingCents = purse.debts.find((debt) => debt.purchase === purchase)?.missingCents ?? 0;
  const { purse: after, takenCents } = take(purse, from, missingCents);
  const debts = after.debts.map((debt) =>
    debt.purchase === purchase ? { ...debt, missingCents: debt.missingCents - takenCents } : debt,
  );
  return { ...after, debts };
}

/** Takes up to `cents` from the lots that `from` allows, in their order. */
function take(
  purse: Purse,
  from: (lot: Lot) => boolean,
  cents: number,
): { readonly purse: Purse; readonly takenCents: number } {
  let takenCents = 0;
  const lots = purse.lots.map((lot) => {
    const ofLot = from(lot) ? Math.min(lot.leftCents, cents - takenCents) : 0;
    takenCents += ofLot;
    return { ...lot, leftCents: lot.leftCents - ofLot };
  });
  return { purse: { ...purse, lots }, takenCents };
}
