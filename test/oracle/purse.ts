/** The oracle's view of one user's credits: what came in, what is left of it, and what is due back. In cents. */

/** Credits that came in at once. */
export interface Lot {
  /** `null` for a correction that became credits. */
  readonly purchase: string | null;
  /** From then on it pays nothing more, in milliseconds since 1970; `null`: never. */
  readonly expiresAtMs: number | null;
  readonly leftCents: number;
  /** What of it expired unused: written off by the freeze of a month that ended after. */
  readonly expiredCents: number;
}

/** What is to be taken back of a purchase, and what of it was not there yet. */
interface Debt {
  readonly purchase: string;
  readonly dueCents: number;
  readonly takenCents: number;
  readonly missingCents: number;
}

/** One user's credits. Never changed: whatever happens to them makes a new one. */
export interface Purse {
  /** In the order in which they were granted. */
  readonly lots: readonly Lot[];
  readonly debts: readonly Debt[];
}

/** Of whoever never had any. */
export const EMPTY_PURSE: Purse = { lots: [], debts: [] };

/** What is left, all in all, of what was not written off. */
export function balanceCents({ lots }: Purse): number {
  return lots.reduce((sum, lot) => sum + lot.leftCents, 0);
}

/** What is due back and was not there to be taken. */
export function shortfallCents({ debts }: Purse): number {
  return debts.reduce((sum, debt) => sum + debt.missingCents, 0);
}

/** More credits; what is still due back is taken from them. */
export function grant(
  purse: Purse,
  lot: Pick<Lot, 'purchase' | 'expiresAtMs' | 'leftCents'>,
  nowMs: number,
): Purse {
  return settle({ ...purse, lots: [...purse.lots, { ...lot, expiredCents: 0 }] }, nowMs);
}

/** The freeze of a month that ends at `endMs`: what expired by then is lost. */
export function writeOff(purse: Purse, endMs: number): Purse {
  const lots = purse.lots.map((lot) =>
    isUsableAfter(lot, endMs)
      ? lot
      : { ...lot, leftCents: 0, expiredCents: lot.expiredCents + lot.leftCents },
  );
  return { ...purse, lots };
}

/** A bill consumes up to `cents`: what expires first, in the end what never does; of equals the oldest first. */
export function consume(purse: Purse, cents: number): { readonly purse: Purse; readonly takenCents: number } {
  return take(purse, () => true, cents);
}

/** Of one purchase, `dueCents` are to be taken back all in all; never less than it was before. */
export function takeBack(purse: Purse, purchase: string, dueCents: number, nowMs: number): Purse {
  const before = purse.debts.find((debt) => debt.purchase === purchase);
  const others = purse.debts.filter((debt) => debt !== before);
  const debt = { purchase, dueCents, takenCents: before?.takenCents ?? 0, missingCents: 0 };
  return settle({ ...purse, debts: [...others, debt] }, nowMs);
}

/** Takes what is due, as far as there is any: of each purchase's own lot first. What of that expired is lost already. */
function settle(purse: Purse, nowMs: number): Purse {
  let now = purse;
  for (const { purchase } of purse.debts) {
    now = pay(now, purchase, (lot) => lot.purchase === purchase);
    now = pay(now, purchase, (lot) => isUsableAfter(lot, nowMs));
  }
  return now;
}

function pay(purse: Purse, purchase: string, from: (lot: Lot) => boolean): Purse {
  const debt = purse.debts.find((each) => each.purchase === purchase);
  if (debt === undefined) return purse;
  const expiredCents = purse.lots.find((lot) => lot.purchase === purchase)?.expiredCents ?? 0;
  const wantedCents = Math.max(0, debt.dueCents - expiredCents - debt.takenCents);
  const { purse: after, takenCents } = take(purse, from, wantedCents);
  const paid = {
    ...debt,
    takenCents: debt.takenCents + takenCents,
    missingCents: wantedCents - takenCents,
  };
  return { ...after, debts: after.debts.map((each) => (each === debt ? paid : each)) };
}

function isUsableAfter({ expiresAtMs }: Lot, instantMs: number): boolean {
  return expiresAtMs === null || expiresAtMs > instantMs;
}

/** Takes up to `cents` from the lots that `from` allows. */
function take(
  purse: Purse,
  from: (lot: Lot) => boolean,
  cents: number,
): { readonly purse: Purse; readonly takenCents: number } {
  const inOrder = purse.lots
    .filter(from)
    .toSorted((a, b) => (a.expiresAtMs === b.expiresAtMs ? 0 : expiry(a) - expiry(b)));
  const left = new Map(purse.lots.map((lot) => [lot, lot.leftCents]));
  let takenCents = 0;
  for (const lot of inOrder) {
    const ofLot = Math.min(lot.leftCents, cents - takenCents);
    left.set(lot, lot.leftCents - ofLot);
    takenCents += ofLot;
  }
  const lots = purse.lots.map((lot) => ({ ...lot, leftCents: left.get(lot) ?? 0 }));
  return { purse: { ...purse, lots }, takenCents };
}

function expiry({ expiresAtMs }: Lot): number {
  return expiresAtMs ?? Number.POSITIVE_INFINITY;
}
