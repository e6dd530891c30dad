import colors from 'picocolors';
import { loadMonthBalance } from '../db/month-balance.ts';
import type { BillingPeriod } from '../domain/billing-period.ts';
import type { Mode } from '../domain/mode.ts';
import { formatCents } from '../domain/money.ts';
import {
  monthTotals,
  type ProductBalance,
  SMALLEST_PARTS,
  type SmallestPart,
} from '../domain/month-balance.ts';
import { PRICE_LIST } from '../domain/price-list.ts';
import { complain, right, say, table } from './console.ts';
import type { CliContext } from './context.ts';

/** Prints where all usage of a month has gone. A contradiction between totals and bills ends with exit status 1. */
export async function showBalance(
  context: CliContext,
  { mode, period, json }: { readonly mode: Mode; readonly period: BillingPeriod; readonly json: boolean },
): Promise<void> {
  const products = await context.withDatabase(async (db) => {
    return await loadMonthBalance(db, { mode, period });
  });
  const totals = monthTotals(products);
  if (json) say(JSON.stringify({ mode, period, products, totals }, null, 2));
  else printBalance(`${period} (${mode})`, products);
  if (totals.contradictions === 0) return;
  complain(
    `\nOf ${totals.contradictions} users the totals say that other than their bills' lines was billed. Nothing of ours writes one without the other: look for what was changed by hand.`,
  );
  process.exitCode = 1;
}

/** What was used, and its parts; short, for each is the head of a column. */
const COLUMNS: Readonly<Record<'usedCents' | SmallestPart, string>> = {
  usedCents: 'Used',
  paidCents: 'Paid',
  collectingCents: 'Collecting',
  waitingCents: 'Not sent',
  heldCents: 'Held',
  parkedCents: 'Parked',
  unbillableCents: 'Unbillable',
  writtenOffCents: 'Written off',
  unbilledCents: 'On no bill',
};

function printBalance(title: string, products: readonly ProductBalance[]): void {
  const amounts = ['usedCents', ...SMALLEST_PARTS] as const;
  const amountsOf = (rows: readonly ProductBalance[]): string[] => {
    const totals = monthTotals(rows);
    return amounts.map((amount) => formatCents(totals[amount]));
  };
  say(
    table(
      [{ name: title }, ...amounts.map((amount) => right(COLUMNS[amount]))],
      [
        ...products.map((each) => [PRICE_LIST[each.product].displayName, ...amountsOf([each])]),
        [colors.bold('Total'), ...amountsOf(products).map((amount) => colors.bold(amount))],
      ],
    ),
  );
}
