import { loadCloseSummary } from '../db/close-summary.ts';
import type { Database } from '../db/database.ts';
import type { StoppedBill } from '../domain/close-summary.ts';
import { formatCents } from '../domain/money.ts';
import { BALANCE_PARTS } from '../domain/month-balance.ts';
import { type MonthlyBillingReport, outcomeOf } from '../domain/monthly-close.ts';
import { right, say, table } from './console.ts';
import { billingCommand } from './options.ts';

/** Prints what a close has come to, and how to go on with what is left. */
export async function printReport(db: Database, report: MonthlyBillingReport): Promise<void> {
  const { mode, period, parkedBills, heldBills, balance } = report;
  const rows = [
    ['Bills frozen', String(report.frozenBills)],
    ['Bills invoiced', `${report.invoicedBills}, ${formatCents(report.invoicedCents)}`],
    ['Bills parked', String(parkedBills)],
    ['Bills held', String(heldBills)],
  ];
  if (balance !== null) {
    rows.push(['Used', formatCents(balance.usedCents)]);
    rows.push(...BALANCE_PARTS.map(([amount, name]) => [`  ${name}`, formatCents(balance[amount])]));
  }
  say(table([{ name: `Close of ${period} (${mode}): ${outcomeOf(report)}` }, right('')], rows));
  if (parkedBills + heldBills === 0) return;
  const summary = await loadCloseSummary(db, report);
  printStopped('Parked', summary.parked, `When it is mended: ${billingCommand('retry-parked', report)}`);
  printStopped('Held', summary.held, `To let them go out: ${billingCommand('release', report)} --all`);
}

/** The biggest of them, and what to do about them. */
function printStopped(title: string, bills: readonly StoppedBill[], whatHelps: string): void {
  if (bills.length === 0) return;
  const rows = bills.map(({ billId, userId, totalCents, problem }) => [
    billId,
    userId,
    formatCents(totalCents),
    problem,
  ]);
  say();
  say(table([{ name: title }, { name: 'User' }, right('Total'), { name: 'Why' }], rows));
  say(`  ${whatHelps}`);
}
