import { Big } from 'big.js';

/**
 * An exact decimal as text: `"0.001"`, `"12"`. Quantities and unit prices travel and are stored so; amounts of money are
 * whole cents in a `number`, which is exact up to 90 trillion dollars.
 */
export type DecimalString = string;

/** Everything is priced and invoiced in this currency (ISO 4217, as Stripe writes it). */
export const CURRENCY = 'usd';

// A constructor of our own, because Big's rounding settings are global to a constructor: no decimals, halves away from zero.
const WholeCents = Big();
WholeCents.DP = 0;
WholeCents.RM = WholeCents.roundHalfUp;

/**
 * `numerator / denominator` in whole cents, rounded once, half up (a half goes away from zero, so a correction of a charge
 * rounds as the charge did). The division is exact: nothing is rounded before the last step.
 *
 * @throws RangeError when the result is too large to be exact in a `number`.
 */
export function divideToCents(numerator: Big, denominator: Big | number = 1): number {
  const cents = new WholeCents(numerator).div(denominator).toNumber();
  if (!Number.isSafeInteger(cents))
    throw new RangeError(`${numerator.toFixed()} cents is beyond what an amount can hold`);
  return cents === 0 ? 0 : cents; // never −0
}

/** `12.5` → `1250`, as a setting says it. */
export function dollarsToCents(dollars: number): number {
  return divideToCents(new Big(dollars).times(100));
}

/** `123456` → `$1,234.56`, `-50` → `-$0.50`. */
export function formatCents(amountCents: number): string {
  const dollars = (Math.abs(amountCents) / 100).toLocaleString('en-US', {
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
  });
  return `${amountCents < 0 ? '-' : ''}$${dollars}`;
}

/** From 2400 to 3600: `+$12.00 (+50 %)`. From nothing there is no share. */
export function formatChange(amountCents: number, beforeCents: number): string {
  const change = amountCents - beforeCents;
  const sign = change < 0 ? '' : '+';
  const share = beforeCents === 0 ? '' : ` (${sign}${Math.round((change / beforeCents) * 100)} %)`;
  return `${sign}${formatCents(change)}${share}`;
}

/** A unit price in cents, as a person reads it: `10` → `$0.10`, `0.001` → `$0.00001`. */
export function formatUnitPrice(unitPriceCents: DecimalString): string {
  return `$${unitPriceDollars(unitPriceCents)}`;
}

/** A unit price in cents as a decimal of dollars for programs, with two places or more: `10` → `0.10`, `0.001` → `0.00001`. */
export function unitPriceDollars(unitPriceCents: DecimalString): DecimalString {
  const dollars = new Big(unitPriceCents).div(100);
  const fixed = dollars.toFixed();
  return (fixed.split('.')[1] ?? '').length < 2 ? dollars.toFixed(2) : fixed;
}

/** `1.50` → `1.5`, `2.0` → `2`: the same decimal, always written the same. */
export function withoutNeedlessZeros(decimal: DecimalString): DecimalString {
  return decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal;
}

/** Cents as a decimal of dollars for programs, always with two places: `-1205` → `-12.05`. */
export function centsAsDollars(amountCents: number): DecimalString {
  return new Big(amountCents).div(100).toFixed(2);
}

/** Sum of whole cents. */
export function sumCents(amounts: Iterable<number>): number {
  let total = 0;
  for (const amount of amounts) total += amount;
  return total;
}
