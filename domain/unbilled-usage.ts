import { Big } from 'big.js';
import type { EventSpan, UnbilledUsage } from './bill.ts';
import { type BillingPeriod, periodsBetween } from './billing-period.ts';
import type { DecimalString } from './money.ts';
import { type MeteredProduct, PRICE_LIST } from './price-list.ts';
import { type StorageTotal, storageGbMs } from './storage.ts';

/** What one user has used of one product in one month, and what of it frozen bills hold. Quantities in base units (domain/bill.ts). */
export interface UsageTotal {
  readonly product: MeteredProduct;
  readonly period: BillingPeriod;
  /** Of storage without what earlier months carry in. */
  readonly usedQuantity: DecimalString;
  /** Storage only: what is carried into every later month. */
  readonly levelChangeGb: DecimalString;
  readonly billedQuantity: DecimalString;
  /** Its events are numbered 1 to this … */
  readonly eventCount: number;
  /** … and those up to this are on frozen bills. */
  readonly billedEventCount: number;
  /** When the earliest and the latest of the others occurred. */
  readonly unbilledFirstAt: Date | null;
  readonly unbilledLastAt: Date | null;
}

/**
 * Used minus billed, for each product and month up to `through`; zeros left out.
 *
 * @param totals of one user, in the order of their months.
 */
export function unbilledUsage(totals: readonly UsageTotal[], through: BillingPeriod): UnbilledUsage[] {
  const due = totals.filter(({ period }) => period <= through);
  const sums = due.filter(({ product }) => PRICE_LIST[product].aggregation === 'sum').map(unbilledSum);
  const levels = due.filter(({ product }) => PRICE_LIST[product].aggregation === 'level');
  return [...sums, ...unbilledStorage(levels, through)].filter(({ quantity }) => !quantity.eq(0));
}

function unbilledSum(total: UsageTotal): UnbilledUsage {
  return {
    product: total.product,
    usagePeriod: total.period,
    quantity: new Big(total.usedQuantity).minus(total.billedQuantity),
    events: unbilledEvents(total),
  };
}

/** Of each month from the first level on: a level is carried into months that have no total of their own. */
function unbilledStorage(levels: readonly UsageTotal[], through: BillingPeriod): UnbilledUsage[] {
  const [first] = levels;
  if (first === undefined) return [];
  const totals = levels.map(storageTotalOf);
  const ofPeriod = new Map(levels.map((total) => [total.period, total]));
  return periodsBetween(first.period, through).map((usagePeriod) => {
    const total = ofPeriod.get(usagePeriod);
    return {
      product: first.product,
      usagePeriod,
      quantity: storageGbMs(usagePeriod, totals).minus(total?.billedQuantity ?? 0),
      ...(total === undefined ? {} : { events: unbilledEvents(total) }),
    };
  });
}

/** What a month's total of storage is to {@link storageGbMs}. */
export function storageTotalOf(total: UsageTotal): readonly [BillingPeriod, StorageTotal] {
  const { period, usedQuantity, levelChangeGb } = total;
  return [period, { gbMs: new Big(usedQuantity), levelChangeGb: new Big(levelChangeGb) }];
}

function unbilledEvents(total: UsageTotal): EventSpan {
  const { eventCount: through, billedEventCount: before } = total;
  const areNone = through === before;
  return {
    before,
    through,
    firstAt: areNone ? null : total.unbilledFirstAt,
    lastAt: areNone ? null : total.unbilledLastAt,
  };
}
