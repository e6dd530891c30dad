import colors from 'picocolors';
import { migrateToLatest } from '../db/migrate.ts';
import { loadMonthBalance } from '../db/month-balance.ts';
import type { BillingPeriod } from '../domain/billing-period.ts';
import type { Mode } from '../domain/mode.ts';
import { formatCents, sumCents } from '../domain/money.ts';
import type { ProductBalance } from '../domain/month-balance.ts';
import { PRICE_LIST } from '../domain/price-list.ts';
import { complain, right, say, table } from './console.ts';
import type { CliContext } from './context.ts';

/** Prints where all usage of a month has gone. A contradiction between totals and bills ends with exit status 1. */
export async function showBalance(
  context: CliContext,
  { mode, period, json }: { readonly mode: Mode; readonly period: BillingPeriod; readonly json: boolean },
): Promise<void> {
  const products = await context.withDatabase(async (db) => {
    await migrateToLatest(db);
    return await loadMonthBalance(db, { mode, period });
  });
  if (json) say(JSON.stringify({ mode, period, products }, null, 2));
  else printBalance(`${period} (${mode})`, products);
  const contradictions = sumCents(products.map((each) => each.contradictions));
  if (contradictions === 0) return;
  complain(
    `\nOf ${contradictions} users the totals say that other than their bills' lines was billed. Nothing of ours writes one without the other: look for what was changed by hand.`,
  );
  process.exitCode = 1;
}

const COLUMNS = ['Used', 'Paid', 'Collecting', 'Not sent', 'Held', 'Parked', 'Written off', 'On no bill'];

function printBalance(title: string, products: readonly ProductBalance[]): void {
  const amountsOf = ({ usedCents, billedCents, unbilledCents }: ProductBalance): number[] => [
    usedCents,
    billedCents.paid,
    billedCents.collecting,
    billedCents.waiting,
    billedCents.held,
    billedCents.parked,
    billedCents.writtenOff,
    unbilledCents,
  ];
  const totals = COLUMNS.map((_, column) => sumCents(products.map((each) => amountsOf(each)[column] ?? 0)));
  say(
    table(
      [{ name: title }, ...COLUMNS.map(right)],
      [
        ...products.map((each) => [
          PRICE_LIST[each.product].displayName,
          ...amountsOf(each).map((cents) => formatCents(cents)),
        ]),
        [colors.bold('Total'), ...totals.map((cents) => colors.bold(formatCents(cents)))],
      ],
    ),
  );
}
