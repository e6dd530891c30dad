import { Big } from 'big.js';
import { divideToCents, sumCents } from './money.ts';
import { PRICE_LIST } from './price-list.ts';

/** The most that one purchase may be: a limit for typing errors, not Stripe's. */
export const MAX_PURCHASED_CREDITS = 10_000;

/** What credits pay for, in cents: $1.00 each, however cheaply a coupon sold them. */
export function creditsToCents(credits: number): number {
  return divideToCents(new Big(PRICE_LIST.credits.unitPriceCents).times(credits));
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

/** Of one purchase: what is to be taken back, and what has been. In cents. */
export interface PurchaseTakenBack {
  readonly dueCents: number;
  readonly takenCents: number;
}

/** What to write so that as much is taken back as is due, or as there is. */
export interface TakenBackSettlement<Purchase> {
  /** For the ledger, none of them zero: taken is negative, given back positive. */
  readonly entries: readonly { readonly purchase: Purchase; readonly amountCents: number }[];
  /** What is due and not there. It is taken from later credits. */
  readonly shortfallCents: number;
}

/**
 * Takes from the balance what is due, as far as it goes, and gives back what is no longer due (a refund failed, a dispute
 * was won). The balance never becomes negative. What all of it comes to depends neither on the order of the purchases
 * nor on how often it is done.
 */
export function settleTakenBack<Purchase extends PurchaseTakenBack>(
  purchases: readonly Purchase[],
  balanceCents: number,
): TakenBackSettlement<Purchase> {
  const changes = purchases.map((purchase) => ({
    purchase,
    amountCents: purchase.takenCents - purchase.dueCents,
  }));
  const entries = changes.filter(({ amountCents }) => amountCents > 0);
  let leftCents = balanceCents + sumCents(entries.map(({ amountCents }) => amountCents));
  let shortfallCents = 0;
  for (const { purchase, amountCents } of changes) {
    if (amountCents >= 0) continue;
    const takenCents = Math.min(-amountCents, leftCents);
    if (takenCents > 0) entries.push({ purchase, amountCents: -takenCents });
    leftCents -= takenCents;
    shortfallCents += -amountCents - takenCents;
  }
  return { entries, shortfallCents };
}
