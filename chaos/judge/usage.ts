import type { Account } from './account.ts';
import {
  costInCents,
  firstMonthOf,
  monthsBetween,
  scaled,
  USED_PRODUCTS,
  unscaled,
  usedInMonth,
} from './amounts.ts';
import type { SeenBill, SeenLine } from './seen.ts';

type Product = (typeof USED_PRODUCTS)[number];

/**
 * Is all that was used on bills, and exactly once? Whether these were paid, are held, parked or unbillable is for invoices.ts
 * to say.
 *
 * @param lastMonth the last that was closed; later usage is on no bill yet.
 */
export function usageProblems(account: Account, bills: readonly SeenBill[], lastMonth: string): string[] {
  return [
    ...bills.flatMap(lineProblems),
    ...doubledMonths(bills),
    ...USED_PRODUCTS.flatMap((product) => productProblems(account, bills, product, lastMonth)),
  ];
}

function productProblems(
  { usage }: Account,
  bills: readonly SeenBill[],
  product: Product,
  lastMonth: string,
): string[] {
  const lines = bills.flatMap((bill) => bill.lines).filter((line) => line.product === product);
  const used = usage.filter((event) => event.product === product);
  const months = [
    firstMonthOf(used) ?? lastMonth,
    lastMonth,
    ...lines.map(({ usagePeriod }) => usagePeriod),
  ].toSorted();
  return monthsBetween(months[0] ?? lastMonth, months.at(-1) ?? lastMonth).flatMap((month) => {
    const expected = month > lastMonth ? 0n : usedInMonth(used, product, month);
    const billed = lines
      .filter(({ usagePeriod }) => usagePeriod === month)
      .reduce((sum, { exactQuantity }) => sum + scaled(exactQuantity), 0n);
    if (expected === billed) return [];
    const cents = costInCents(expected - billed, product, month);
    return [
      `of ${product} in ${month} ${unscaled(expected)} were used and ${unscaled(billed)} billed, ${cents} cents too few`,
    ];
  });
}

/** Each amount once more, and their sum. */
function lineProblems({ billId, lines, totalCents }: SeenBill): string[] {
  const wrong = lines.flatMap((line) => {
    if (line.product === 'credits') return [];
    if (!isMetered(line)) return [`${billId} asks for ${line.product}, which nobody used`];
    const cents = costInCents(scaled(line.exactQuantity), line.product, line.usagePeriod);
    if (cents === line.amountCents) return [];
    return [
      `${billId} asks ${line.amountCents} cents for ${line.product} of ${line.usagePeriod}, not ${cents}`,
    ];
  });
  const sum = lines.reduce((total, line) => total + line.amountCents, 0);
  return sum === totalCents
    ? wrong
    : [...wrong, `${billId} comes to ${totalCents} cents, and its lines to ${sum}`];
}

function isMetered(line: SeenLine): line is SeenLine & { readonly product: Product } {
  return (USED_PRODUCTS as readonly string[]).includes(line.product);
}

function doubledMonths(bills: readonly SeenBill[]): string[] {
  const parts = bills.map(({ period, part }) => `${period}, part ${part}`);
  return parts
    .filter((part, index) => parts.indexOf(part) !== index)
    .map((part) => `${part} is billed more than once`);
}
