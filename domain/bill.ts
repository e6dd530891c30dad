import { Big } from 'big.js';
import { type BillingPeriod, periodLengthMs } from './billing-period.ts';
import { type DecimalString, divideToCents, sumCents } from './money.ts';
import { METERED_PRODUCTS, type MeteredProduct, PRICE_LIST, type Product } from './price-list.ts';

/**
 * A bill's life. `frozen`: computed, nothing sent. `held`: a person must release it. `open`: invoice finalized, Stripe is
 * collecting. `parked`: Stripe refused a step for good, an operator must look. `payment_failed`: Stripe tried and could not.
 * `paid`: by Stripe, or there was nothing to pay. `void`: its invoice was voided, or an erasure gave it up.
 */
export const BILL_STATUSES = ['frozen', 'held', 'open', 'paid', 'payment_failed', 'parked', 'void'] as const;
/** One station of that life. */
export type BillStatus = (typeof BILL_STATUSES)[number];

/** Neither paid nor void: there is something to do still. */
export const OPEN_BILL_STATUSES = [
  'frozen',
  'held',
  'open',
  'payment_failed',
  'parked',
] as const satisfies readonly BillStatus[];
/** The status of a bill that is not done with. */
export type OpenBillStatus = (typeof OPEN_BILL_STATUSES)[number];

/** May go out, and has no invoice yet. */
export const TO_INVOICE_STATUSES = ['frozen', 'parked'] as const satisfies readonly BillStatus[];

/** Owed: Stripe is collecting it, or could not. */
export const OWED_STATUSES = ['open', 'payment_failed'] as const satisfies readonly BillStatus[];

/**
 * A bill's status by its invoice's, or `null` while the invoice is a draft and says nothing yet.
 * An open invoice that was tried counts as failed: Stripe retries it, and the grace period runs. So does one that was
 * written off as uncollectible: it is still owed to us.
 */
export function billStatusOfInvoice(invoice: {
  readonly status: string | null;
  readonly attempted: boolean;
}): Extract<BillStatus, 'open' | 'paid' | 'payment_failed' | 'void'> | null {
  switch (invoice.status) {
    case 'paid':
    case 'void':
      return invoice.status;
    case 'open':
      return invoice.attempted ? 'payment_failed' : 'open';
    case 'uncollectible':
      return 'payment_failed';
    default:
      return null;
  }
}

/** Usage that no bill holds yet, of one product and one month. */
export interface UnbilledUsage {
  readonly product: MeteredProduct;
  /** The month it was used in; before the bill's own period when it arrived late. */
  readonly usagePeriod: BillingPeriod;
  /** In the product's base unit: its own unit where events are summed, GB × milliseconds for storage. May be negative, as a correction. */
  readonly quantity: Big;
  /** The events it comes from; none where earlier levels of storage are carried over, or corrected. */
  readonly events?: EventSpan;
}

/** Events of one user, product and month, which are numbered in the order of their arrival. */
export interface EventSpan {
  /** Those numbered above this … */
  readonly before: number;
  /** … up to this. */
  readonly through: number;
  /** When the earliest and the latest of them occurred; `null` when there are none. */
  readonly firstAt: Date | null;
  readonly lastAt: Date | null;
}

/**
 * A line of a bill: the usage of one product in one month, or the credits that the bill consumes (an amount below 0)
 * or gives back.
 */
export interface BillLine {
  readonly product: Product;
  readonly usagePeriod: BillingPeriod;
  /** In the unit of the price list, at most 12 decimals: what a person reads. The amount is computed from `exactQuantity`. */
  readonly quantity: DecimalString;
  /** In the base unit (see {@link UnbilledUsage.quantity}), exact. */
  readonly exactQuantity: DecimalString;
  readonly unitPriceCents: DecimalString;
  readonly amountCents: number;
  readonly description: string;
  readonly events?: EventSpan;
}

/**
 * A bill as {@link rateBill} computes it, before it is frozen: an id and a status it gets with its row
 * (db/new-bills.ts).
 */
export interface RatedBill {
  readonly lines: readonly BillLine[];
  /** What Stripe is to collect: the sum of all lines, credits included. Never negative. */
  readonly totalCents: number;
  /** Credits the bill consumes (positive) or, where corrections exceed usage, gives back (negative). */
  readonly creditsAppliedCents: number;
}

/** Cents for one unit of what is used in a month: late usage and corrections cost what the rest of their month did. */
export type UnitPrices = (product: MeteredProduct, usagePeriod: BillingPeriod) => DecimalString;

/**
 * Turns unbilled usage into a bill for `period`. Each line is rounded once, half up, to a cent; credits pay first.
 * Usage of earlier months becomes lines of their own, called late usage.
 */
export function rateBill(input: {
  readonly period: BillingPeriod;
  readonly usage: readonly UnbilledUsage[];
  readonly unitPricesCents: UnitPrices;
  readonly creditBalanceCents: number;
}): RatedBill {
  const { period, unitPricesCents, creditBalanceCents } = input;
  const usageLines = input.usage
    .filter((usage) => !usage.quantity.eq(0))
    .toSorted(byPriceListThenMonth)
    .map((usage) => rateLine(usage, period, unitPricesCents(usage.product, usage.usagePeriod)));
  return payWithCredits(usageLines, period, creditBalanceCents);
}

/** The bill of these lines: credits pay as far as they go, and what corrections have too much becomes credits. */
export function payWithCredits(
  usageLines: readonly BillLine[],
  period: BillingPeriod,
  creditBalanceCents: number,
): RatedBill {
  const usedCents = sumCents(usageLines.map((line) => line.amountCents));
  const creditsAppliedCents = usedCents < 0 ? usedCents : Math.min(creditBalanceCents, usedCents);
  const lines =
    creditsAppliedCents === 0 ? usageLines : [...usageLines, creditLine(creditsAppliedCents, period)];
  return { lines, totalCents: usedCents - creditsAppliedCents, creditsAppliedCents };
}

/** Base units in one unit of the price list: 1, or for storage the month's milliseconds (a GB-month is a GB for all of it). */
export function baseUnitsPerUnit(product: MeteredProduct, usagePeriod: BillingPeriod): number {
  return PRICE_LIST[product].aggregation === 'level' ? periodLengthMs(usagePeriod) : 1;
}

function byPriceListThenMonth(a: UnbilledUsage, b: UnbilledUsage): number {
  const byProduct = METERED_PRODUCTS.indexOf(a.product) - METERED_PRODUCTS.indexOf(b.product);
  return byProduct || (a.usagePeriod < b.usagePeriod ? -1 : 1);
}

const DISPLAYED_DECIMALS = 12;

function rateLine(usage: UnbilledUsage, period: BillingPeriod, unitPriceCents: DecimalString): BillLine {
  const { product, usagePeriod, quantity } = usage;
  const perUnit = baseUnitsPerUnit(product, usagePeriod);
  const { displayName } = PRICE_LIST[product];
  return {
    product,
    usagePeriod,
    quantity: trimmed(quantity.div(perUnit).round(DISPLAYED_DECIMALS)),
    exactQuantity: trimmed(quantity),
    unitPriceCents,
    amountCents: divideToCents(quantity.times(unitPriceCents), perUnit),
    description:
      usagePeriod === period
        ? `${displayName}, ${usagePeriod}`
        : `${displayName}, late usage, ${usagePeriod}`,
    ...(usage.events === undefined ? {} : { events: usage.events }),
  };
}

function creditLine(appliedCents: number, period: BillingPeriod): BillLine {
  const credits = trimmed(new Big(-appliedCents).div(PRICE_LIST.credits.unitPriceCents));
  return {
    product: 'credits',
    usagePeriod: period,
    quantity: credits,
    exactQuantity: credits,
    unitPriceCents: PRICE_LIST.credits.unitPriceCents,
    amountCents: -appliedCents,
    description: appliedCents > 0 ? 'Credits used' : 'Correction kept as credits',
  };
}

function trimmed(value: Big): DecimalString {
  return value.eq(0) ? '0' : value.toFixed();
}
