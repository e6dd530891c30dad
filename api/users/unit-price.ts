import { type DecimalString, formatUnitPrice } from '../../domain/money.ts';

/** A unit price as the api gives it, in dollars: `"10"` cents → `"0.10"`. */
export function unitPriceDollars(unitPriceCents: DecimalString): DecimalString {
  return formatUnitPrice(unitPriceCents).replace('$', '');
}
