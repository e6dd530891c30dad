import type { BillStatus } from './bill.ts';
import { sumCents } from './money.ts';
import type { MeteredProduct } from './price-list.ts';

/**
 * Where a month's usage of a product has gone, in cents at the prices of that month. A bill of that month or of a later one may
 * hold it. Each line and each user's rest is rounded by itself, so `used` is their sum and no rounding of its own.
 */
export interface ProductBalance {
  readonly product: MeteredProduct;
  readonly usedCents: number;
  /** By what became of the bills that hold it. */
  readonly billedCents: Readonly<Record<BilledAs, number>>;
  /** On no bill yet: it came after the freeze, or the month is not closed. */
  readonly unbilledCents: number;
  readonly unbilledUsers: number;
  /** Users whose totals say that other than their lines was billed. Must be 0. */
  readonly contradictions: number;
}

/** `collecting`: Stripe has it, or could not collect it. `waiting`: frozen, and not sent yet. `writtenOff`: its invoice was voided. */
export type BilledAs = 'paid' | 'collecting' | 'waiting' | 'held' | 'parked' | 'writtenOff';

const BILLED_AS: Readonly<Record<BillStatus, BilledAs>> = {
  paid: 'paid',
  open: 'collecting',
  payment_failed: 'collecting',
  frozen: 'waiting',
  held: 'held',
  parked: 'parked',
  void: 'writtenOff',
};

export function balanceOf(
  product: MeteredProduct,
  billed: readonly { readonly status: BillStatus; readonly cents: number }[],
  unbilled: Pick<ProductBalance, 'unbilledCents' | 'unbilledUsers' | 'contradictions'>,
): ProductBalance {
  const billedCents = { paid: 0, collecting: 0, waiting: 0, held: 0, parked: 0, writtenOff: 0 };
  for (const { status, cents } of billed) billedCents[BILLED_AS[status]] += cents;
  const usedCents = sumCents(Object.values(billedCents)) + unbilled.unbilledCents;
  return { product, usedCents, billedCents, ...unbilled };
}
