import { Big } from 'big.js';
import { type BillingPeriod, periodEnd } from './billing-period.ts';
import { divideToCents, sumCents } from './money.ts';
import { PRICE_LIST } from './price-list.ts';

/** The most that one purchase may be: a limit for typing errors, not Stripe's. */
export const MAX_PURCHASED_CREDITS = 10_000;

/** What credits pay for, in cents: $1.00 each, however cheaply a coupon sold them. */
export function creditsToCents(credits: number): number {
  return divideToCents(new Big(PRICE_LIST.credits.unitPriceCents).times(credits));
}

/**
 * From when on credits pay nothing more, by when their Checkout session was made (Unix milliseconds) and how long credits may
 * be used (`null`: for ever). By Stripe's date, so that it is the same however late we hear of the payment, and how often.
 */
export function creditsExpireAt(boughtAtMs: number, expireAfterMs: number | null): Date | null {
  return expireAfterMs === null ? null : new Date(boughtAtMs + expireAfterMs);
}

/** What a purchase of credits came to in Stripe, and what of it the payer has back. All in cents. */
export interface RefundedPurchase {
  /** The worth of the credits that were granted. */
  readonly grantedCents: number;
  /** What was paid for them: taxes make it more, coupons less. */
  readonly chargedCents: number;
  /** Refunded by us. It falls again when a refund fails. */
  readonly refundedCents: number;
  /** Lost in disputes. */
  readonly lostCents: number;
}

/**
 * How much of a purchase's credits is to be taken back, in cents: the part of the payment that the payer has back, rounded
 * half up, and never more than was granted.
 */
export function takenBackCents(purchase: RefundedPurchase): number {
  const { grantedCents, chargedCents } = purchase;
  const returnedCents = purchase.refundedCents + purchase.lostCents;
  if (returnedCents >= chargedCents) return returnedCents === 0 ? 0 : grantedCents;
  return divideToCents(new Big(grantedCents).times(returnedCents), chargedCents);
}

/** Credits that were granted together: those of one purchase, or of a bill's correction. */
export interface CreditLot {
  /** The cause of the entry that granted it, such as `checkout_session:cs_…`. */
  readonly lot: string;
  /** What is left, never negative. */
  readonly remainingCents: number;
  /** From this instant on it pays nothing; `null`: it never expires. */
  readonly expiresAt: Date | null;
  /** Less for what was granted before. */
  readonly grantedOrder: number;
}

/** A part of a lot, in cents; more than 0. */
export interface LotAmount {
  readonly lot: string;
  readonly cents: number;
}

/** The lots that have not expired at `instant`. */
export function usableAt<Lot extends CreditLot>(lots: readonly Lot[], instant: Date): Lot[] {
  return lots.filter(({ expiresAt }) => expiresAt === null || expiresAt > instant);
}

/**
 * The lots that may pay the bill of `period`: what had not expired when the month ended. Not what has not expired when the
 * bill is frozen: a close that is late, or repeated, must come to the same bill.
 */
export function usableForBill<Lot extends CreditLot>(lots: readonly Lot[], period: BillingPeriod): Lot[] {
  return usableAt(lots, periodEnd(period));
}

/** What the bill of `period`, and those of later months, can't use any more, as far as something is left of it. */
export function expiredForBill<Lot extends CreditLot>(lots: readonly Lot[], period: BillingPeriod): Lot[] {
  const usable = new Set(usableForBill(lots, period));
  return lots.filter((each) => each.remainingCents > 0 && !usable.has(each));
}

/** First what expires first, in the end what never does; of two that expire together, first the older. */
export function inOrderOfConsumption<Lot extends CreditLot>(lots: readonly Lot[]): Lot[] {
  const expiryOf = ({ expiresAt }: CreditLot) => expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
  return lots.toSorted((a, b) => {
    const [first, second] = [expiryOf(a), expiryOf(b)];
    return first === second ? a.grantedOrder - b.grantedOrder : first < second ? -1 : 1;
  });
}

/** Draws `cents` from the lots in the order of consumption, or what there is, if that is less. */
export function drawFromLots(lots: readonly CreditLot[], cents: number): LotAmount[] {
  const draws: LotAmount[] = [];
  let missingCents = cents;
  for (const { lot, remainingCents } of inOrderOfConsumption(lots)) {
    const drawn = Math.min(remainingCents, missingCents);
    if (drawn > 0) draws.push({ lot, cents: drawn });
    missingCents -= drawn;
  }
  return draws;
}

/** What is left of the lots, all in all, in cents. */
export function remainingCents(lots: readonly CreditLot[]): number {
  return sumCents(lots.map((each) => each.remainingCents));
}

/** Of one purchase: what is to be taken back, and what has been. In cents. */
export interface PurchaseTakenBack {
  /** The lot that it granted. */
  readonly lot: string;
  /** What is to be taken back. */
  readonly dueCents: number;
  /** What of its own lot expired unused: the customer lost it already. */
  readonly expiredCents: number;
  /** What was taken for it and not given back, oldest first. */
  readonly taken: readonly LotAmount[];
}

/** What was taken, oldest first, once all entries (taken is negative, given back positive) are seen in their order. */
export function takenAfter(
  entries: readonly { readonly lot: string; readonly amountCents: number }[],
): LotAmount[] {
  return entries.reduce<LotAmount[]>(
    (taken, { lot, amountCents }) =>
      amountCents < 0
        ? [...taken, { lot, cents: -amountCents }]
        : withoutLatest(taken, amountCents, (each) => each === lot),
    [],
  );
}

/** What to write so that as much is taken back as is due, or as there is. */
export interface TakenBackSettlement<Purchase> {
  /** For the ledger in this order, one for each purchase and lot, none of them zero: taken is negative, given back positive. */
  readonly entries: readonly {
    readonly purchase: Purchase;
    readonly lot: string;
    readonly amountCents: number;
  }[];
  /** What is due and not there. It is taken from later credits. */
  readonly shortfallCents: number;
}

/**
 * Takes back what is due: from the purchase's own lot, and what that lacks from the others that have not expired `now`, in the
 * order of consumption. Gives back what is no longer due (a refund failed, a dispute was won) to the lots it came from, what
 * was taken last first, and to its own lot in the end.
 *
 * What expired unused of its own lot counts as taken back: no other lot makes good for it, and it is no reason to give
 * back. No lot becomes negative, and nothing is usable while something is missing. Doing it again changes nothing; nor does
 * the order of the purchases change what is left of any lot.
 */
export function settleTakenBack<Purchase extends PurchaseTakenBack>(
  purchases: readonly Purchase[],
  lots: readonly CreditLot[],
  now: Date,
): TakenBackSettlement<Purchase> {
  const left = new Map(lots.map((each) => [each.lot, each.remainingCents]));
  const claims = purchases.map((purchase) => ({ purchase, taken: purchase.taken }));
  // What one gives back may be of another's own lot, which then needs less of others'.
  let hasMoved = true;
  while (hasMoved) hasMoved = claims.filter((claim) => settleWithOwnLot(claim, left)).length > 0;
  const shortfallCents = sumCents(claims.map((claim) => takeFromOthers(claim, left, usableAt(lots, now))));
  const entries = claims.flatMap(entriesOf);
  // Given back first: others may take it at once, and no lot is overdrawn in between.
  const inOrder = entries.toSorted((a, b) => Math.sign(b.amountCents) - Math.sign(a.amountCents));
  return { entries: inOrder, shortfallCents };
}

/** A purchase while it is settled. */
interface Claim<Purchase extends PurchaseTakenBack = PurchaseTakenBack> {
  readonly purchase: Purchase;
  /** As {@link PurchaseTakenBack.taken}. */
  taken: readonly LotAmount[];
}

/** What is left of each lot while purchases are settled, in cents. */
type LeftOfLots = Map<string, number>;

/** Lets the own lot bear what it can of what is due, and the others no more than the rest. @returns whether anything has moved. */
function settleWithOwnLot(claim: Claim, left: LeftOfLots): boolean {
  const { lot: own, dueCents, expiredCents } = claim.purchase;
  const before = claim.taken;
  const isOwn = (lot: string) => lot === own;
  const takenCents = sumOf(before, own);
  const wantedCents = Math.max(dueCents - expiredCents, Math.min(takenCents, dueCents));
  const ownCents = Math.min(wantedCents - takenCents, left.get(own) ?? 0);
  if (ownCents > 0) replaceTaken(claim, left, [...before, { lot: own, cents: ownCents }]);
  if (ownCents < 0) replaceTaken(claim, left, withoutLatest(before, -ownCents, isOwn));

  const takenOfOthers = claim.taken.filter(({ lot }) => !isOwn(lot));
  const neededCents = Math.max(0, dueCents - expiredCents - sumOf(claim.taken, own));
  const excessCents = totalOf(takenOfOthers) - neededCents;
  if (excessCents > 0)
    replaceTaken(
      claim,
      left,
      withoutLatest(claim.taken, excessCents, (lot) => !isOwn(lot)),
    );
  return claim.taken !== before;
}

/** @returns what is due and not there, in cents. */
function takeFromOthers(claim: Claim, left: LeftOfLots, usable: readonly CreditLot[]): number {
  const { dueCents, expiredCents } = claim.purchase;
  const missingCents = Math.max(0, dueCents - expiredCents - totalOf(claim.taken));
  const lots = usable.map((each) => ({ ...each, remainingCents: left.get(each.lot) ?? 0 }));
  const draws = drawFromLots(lots, missingCents);
  replaceTaken(claim, left, [...claim.taken, ...draws]);
  return missingCents - totalOf(draws);
}

function replaceTaken(claim: Claim, left: LeftOfLots, taken: readonly LotAmount[]): void {
  for (const lot of lotsOf([...claim.taken, ...taken]))
    left.set(lot, (left.get(lot) ?? 0) + sumOf(claim.taken, lot) - sumOf(taken, lot));
  claim.taken = taken;
}

/** What is taken now against what was before, lot by lot. */
function entriesOf<Purchase extends PurchaseTakenBack>({ purchase, taken }: Claim<Purchase>) {
  return lotsOf([...purchase.taken, ...taken])
    .map((lot) => ({ purchase, lot, amountCents: sumOf(purchase.taken, lot) - sumOf(taken, lot) }))
    .filter(({ amountCents }) => amountCents !== 0);
}

/** Takes `cents` off the amounts of the lots that are `meant`, the latest first. */
function withoutLatest(
  amounts: readonly LotAmount[],
  cents: number,
  meant: (lot: string) => boolean,
): LotAmount[] {
  let restCents = cents;
  const kept: LotAmount[] = [];
  for (const each of amounts.toReversed()) {
    const off = meant(each.lot) ? Math.min(each.cents, restCents) : 0;
    restCents -= off;
    if (off < each.cents) kept.push({ ...each, cents: each.cents - off });
  }
  return kept.toReversed();
}

/** Each lot once, where it comes last. */
function lotsOf(amounts: readonly LotAmount[]): string[] {
  return [...new Set(amounts.toReversed().map(({ lot }) => lot))].toReversed();
}

function totalOf(amounts: readonly LotAmount[]): number {
  return sumCents(amounts.map(({ cents }) => cents));
}

function sumOf(amounts: readonly LotAmount[], lot: string): number {
  return totalOf(amounts.filter((each) => each.lot === lot));
}
