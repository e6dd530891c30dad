import { Big } from 'big.js';
import { type BillLine, baseUnitsPerUnit } from './bill.ts';
import { type BillingPeriod, periodLengthMs } from './billing-period.ts';
import { type DecimalString, formatCents, formatUnitPrice } from './money.ts';
import { isMeteredProduct, PRICE_LIST } from './price-list.ts';

/** More than any unit price has; what goes on for ever is cut off here. */
const SHOWN_DECIMALS = 12;

/** How a line of a bill for `period` came to its amount: the rule, the numbers that went in, and the one rounding. For a person. */
export function ruleOf(line: Omit<BillLine, 'description' | 'events'>, period: BillingPeriod): string[] {
  const { product, usagePeriod, quantity, exactQuantity, unitPriceCents, amountCents } = line;
  if (!isMeteredProduct(product)) {
    return amountCents < 0
      ? ['Credits pay first: as much as there is, up to what was used.']
      : ['Corrections came to more than was used: the difference is kept as credits.'];
  }
  const unroundedCents = new Big(exactQuantity)
    .times(unitPriceCents)
    .div(baseUnitsPerUnit(product, usagePeriod));
  return [
    ...lateness(usagePeriod, period),
    ...(PRICE_LIST[product].aggregation === 'sum'
      ? ['The sum of the quantities of its events.']
      : [
          'GB held, times how long, over all disks, averaged over the length of the month:',
          `${exactQuantity} GB × ms ÷ ${periodLengthMs(usagePeriod)} ms = ${quantity} GB-months`,
        ]),
    `${quantity} × ${formatUnitPrice(unitPriceCents)} = ${dollars(unroundedCents)}, rounded once, half up: ${formatCents(amountCents)}`,
  ];
}

function lateness(usagePeriod: BillingPeriod, period: BillingPeriod): string[] {
  return usagePeriod === period
    ? []
    : [
        `Used in ${usagePeriod}, at the price of that month: what came in, or was corrected, after the bills before this one.`,
      ];
}

function dollars(cents: Big): DecimalString {
  const shown = cents.round(SHOWN_DECIMALS);
  const text = formatUnitPrice(shown.abs().toFixed());
  return `${shown.lt(0) ? '-' : ''}${text}`;
}
