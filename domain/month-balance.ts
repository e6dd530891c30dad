import type { BillStatus } from './bill.ts';
import { formatCents, sumCents } from './money.ts';
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

/**
 * `collecting`: Stripe has it, or could not collect it. `waiting`: frozen, and not sent yet. `parked`: an operator must look.
 * `unbillable`: parked because the user has no Stripe customer, which only the user can mend, by beginning a Checkout.
 * `writtenOff`: its bill is void.
 */
export type BilledAs = 'paid' | 'collecting' | 'waiting' | 'held' | 'parked' | 'unbillable' | 'writtenOff';

/** Usage on bills of one status. */
export interface BilledCents {
  readonly status: BillStatus;
  /** Whether Stripe knows the users whose bills they are. */
  readonly hasCustomer: boolean;
  readonly cents: number;
}

/** A product's balance, of its lines and of what no line holds. */
export function balanceOf(
  product: MeteredProduct,
  billed: readonly BilledCents[],
  unbilled: Pick<ProductBalance, 'unbilledCents' | 'unbilledUsers' | 'contradictions'>,
): ProductBalance {
  const billedCents = byBilledAs((as) =>
    sumCents(billed.filter((usage) => billedAs(usage) === as).map(({ cents }) => cents)),
  );
  const usedCents = sumCents(Object.values(billedCents)) + unbilled.unbilledCents;
  return { product, usedCents, billedCents, ...unbilled };
}

/**
 * A month's usage over all products, in cents. To the cent, `used` = `billed` + `held` + `parked` + `unbillable` + `writtenOff` +
 * `unbilled`.
 */
export interface MonthTotals {
  readonly usedCents: number;
  /** Paid, or on its way: `paid` + `collecting` + `waiting`. */
  readonly billedCents: number;
  readonly paidCents: number;
  readonly collectingCents: number;
  readonly waitingCents: number;
  readonly heldCents: number;
  readonly parkedCents: number;
  readonly unbillableCents: number;
  readonly writtenOffCents: number;
  readonly unbilledCents: number;
  /** A user counts once for each product. Must be 0. */
  readonly contradictions: number;
}

/** The parts of all that was used, in the order in which they are shown: together they are `usedCents`. */
export const BALANCE_PARTS = [
  ['billedCents', 'billed'],
  ['heldCents', 'held'],
  ['parkedCents', 'parked'],
  ['unbillableCents', 'unbillable'],
  ['writtenOffCents', 'written off'],
  ['unbilledCents', 'on no bill yet'],
] as const satisfies readonly (readonly [keyof MonthTotals, string])[];
/** The field of {@link MonthTotals} that holds one of these parts. */
export type BalancePart = (typeof BALANCE_PARTS)[number][0];

/** The parts of what is billed. */
export const BILLED_PARTS = [
  ['paidCents', 'paid'],
  ['collectingCents', 'being collected'],
  ['waitingCents', 'not sent yet'],
] as const satisfies readonly (readonly [keyof MonthTotals, string])[];

/** The parts of all that was used, those of what is billed one by one. */
export type SmallestPart = Exclude<BalancePart, 'billedCents'> | (typeof BILLED_PARTS)[number][0];
/** In the order of the columns of `npm run billing -- balance`; each is a state in the metric `billing_month_cents`. */
export const SMALLEST_PARTS: readonly SmallestPart[] = [...BILLED_PARTS, ...BALANCE_PARTS]
  .map(([amount]) => amount)
  .filter((amount) => amount !== 'billedCents');

/** Those that are something, in words, such as `$50.00 held`. The first one is always named. */
export function partsInWords(
  parts: readonly (readonly [keyof MonthTotals, string])[],
  totals: MonthTotals,
): string[] {
  return parts
    .filter(([amount], index) => index === 0 || totals[amount] !== 0)
    .map(([amount, name]) => `${formatCents(totals[amount])} ${name}`);
}

/** What the products of a month come to together; of none, zeros. */
export function monthTotals(products: readonly ProductBalance[]): MonthTotals {
  const sum = (of: (balance: ProductBalance) => number) => sumCents(products.map(of));
  const cents = byBilledAs((as) => sum(({ billedCents }) => billedCents[as]));
  return {
    usedCents: sum(({ usedCents }) => usedCents),
    billedCents: cents.paid + cents.collecting + cents.waiting,
    paidCents: cents.paid,
    collectingCents: cents.collecting,
    waitingCents: cents.waiting,
    heldCents: cents.held,
    parkedCents: cents.parked,
    unbillableCents: cents.unbillable,
    writtenOffCents: cents.writtenOff,
    unbilledCents: sum(({ unbilledCents }) => unbilledCents),
    contradictions: sum(({ contradictions }) => contradictions),
  };
}

function billedAs({ status, hasCustomer }: BilledCents): BilledAs {
  switch (status) {
    case 'open':
    case 'payment_failed':
      return 'collecting';
    case 'frozen':
      return 'waiting';
    case 'parked':
      return hasCustomer ? 'parked' : 'unbillable';
    case 'void':
      return 'writtenOff';
    default:
      return status;
  }
}

function byBilledAs(centsOf: (as: BilledAs) => number): Record<BilledAs, number> {
  return {
    paid: centsOf('paid'),
    collecting: centsOf('collecting'),
    waiting: centsOf('waiting'),
    held: centsOf('held'),
    parked: centsOf('parked'),
    unbillable: centsOf('unbillable'),
    writtenOff: centsOf('writtenOff'),
  };
}
