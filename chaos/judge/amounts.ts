/**
 * What was used and what it costs, from the events as they were sent, in whole numbers without end (BigInt). It shares no code
 * with the service on purpose.
 */
import type { SentUsage } from './account.ts';

const DECIMALS = 12;
const SCALE = 10n ** BigInt(DECIMALS);

/** Cents for `per` units. Of storage the unit is a GB for a month, which is as many milliseconds as the month has. */
const PRICES: Readonly<Record<SentUsage['product'], { readonly cents: bigint; readonly per: bigint }>> = {
  cpu_hour: { cents: 10n, per: 1n },
  gpu_hour: { cents: 200n, per: 1n },
  storage_gb_month: { cents: 15n, per: 1n },
  api_calls: { cents: 1n, per: 1_000n },
};

/** All that the host product sends usage of. Only these, and credits, may be on a bill. */
export const USED_PRODUCTS = ['cpu_hour', 'gpu_hour', 'storage_gb_month', 'api_calls'] as const;

/** Used in the month, times 10¹²: in the product's own unit, of storage in GB × milliseconds. */
export function usedInMonth(
  events: readonly SentUsage[],
  product: SentUsage['product'],
  month: string,
): bigint {
  const [start, end] = monthBounds(month);
  const ofProduct = events.filter((event) => event.product === product);
  if (product === 'storage_gb_month') return gbMilliseconds(ofProduct, start, end);
  return ofProduct
    .filter(({ occurredAt }) => Date.parse(occurredAt) >= start && Date.parse(occurredAt) < end)
    .reduce((sum, { quantity }) => sum + scaled(quantity), 0n);
}

/** What a quantity, times 10¹², costs in cents: rounded once, halves away from zero. */
export function costInCents(quantity: bigint, product: SentUsage['product'], month: string): number {
  const [start, end] = monthBounds(month);
  const { cents, per } = PRICES[product];
  const units = product === 'storage_gb_month' ? BigInt(end - start) : 1n;
  const denominator = SCALE * per * units;
  const numerator = quantity * cents;
  const sign = numerator < 0n ? -1n : 1n;
  return Number((sign * (2n * sign * numerator + denominator)) / (2n * denominator));
}

/** `1.5` → 1,500,000,000,000 */
export function scaled(decimal: string): bigint {
  const sign = decimal.startsWith('-') ? -1n : 1n;
  const [whole = '0', fraction = ''] = decimal.replace('-', '').split('.');
  if (/[1-9]/.test(fraction.slice(DECIMALS))) throw new RangeError(`${decimal} has too many decimals`);
  return sign * BigInt(whole + fraction.slice(0, DECIMALS).padEnd(DECIMALS, '0'));
}

/** For a sentence: 1,500,000,000,000 → `1.5` */
export function unscaled(quantity: bigint): string {
  const digits = String(quantity < 0n ? -quantity : quantity).padStart(DECIMALS + 1, '0');
  const text = `${digits.slice(0, -DECIMALS)}.${digits.slice(-DECIMALS)}`.replace(/\.?0+$/, '');
  return quantity < 0n ? `-${text}` : text;
}

/** Σ level × milliseconds held within the month, over all disks; of two levels at one instant the greater id holds. */
function gbMilliseconds(levels: readonly SentUsage[], start: number, end: number): bigint {
  let total = 0n;
  for (const disk of new Set(levels.map(({ resourceId }) => resourceId))) {
    const ofDisk = levels
      .filter(({ resourceId }) => resourceId === disk)
      .toSorted((a, b) => Date.parse(a.occurredAt) - Date.parse(b.occurredAt) || (a.id < b.id ? -1 : 1));
    for (const [index, { occurredAt, quantity }] of ofDisk.entries()) {
      const next = ofDisk[index + 1];
      const from = Math.max(Date.parse(occurredAt), start);
      const to = Math.min(next === undefined ? end : Date.parse(next.occurredAt), end);
      if (to > from) total += scaled(quantity) * BigInt(to - from);
    }
  }
  return total;
}

/** Every month from one to another, both included. */
export function monthsBetween(first: string, last: string): string[] {
  const months: string[] = [];
  for (let month = first; month <= last; month = monthAfter(month)) months.push(month);
  return months;
}

/** The first month in which something was used, or `null`. */
export function firstMonthOf(events: readonly SentUsage[]): string | null {
  const months = events.map(({ occurredAt }) => new Date(occurredAt).toISOString().slice(0, 7));
  return months.toSorted()[0] ?? null;
}

function monthAfter(month: string): string {
  const [year, number] = yearAndNumber(month);
  return new Date(Date.UTC(year, number, 1)).toISOString().slice(0, 7);
}

function monthBounds(month: string): readonly [startMs: number, endMs: number] {
  const [year, number] = yearAndNumber(month);
  return [Date.UTC(year, number - 1, 1), Date.UTC(year, number, 1)];
}

function yearAndNumber(month: string): readonly [year: number, number: number] {
  return [Number(month.slice(0, 4)), Number(month.slice(5, 7))];
}
