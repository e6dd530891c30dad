import { formatCents } from '../domain/money.ts';
import { type MonthlyBillingReport, outcomeOf } from '../domain/monthly-close.ts';
import { right, say, table } from './console.ts';

/** Prints what a close has come to, and how to go on with what is left. */
export function printReport(report: MonthlyBillingReport): void {
  const { mode, period, parkedBills, heldBills, balance } = report;
  const rows = [
    ['Bills frozen', String(report.frozenBills)],
    ['Bills invoiced', `${report.invoicedBills}, ${formatCents(report.invoicedCents)}`],
    ['Bills parked', String(parkedBills)],
    ['Bills held', String(heldBills)],
  ];
  if (balance !== null) {
    const amounts: [string, number][] = [
      ['Used', balance.usedCents],
      ['… billed', balance.billedCents],
      ['… held', balance.heldCents],
      ['… parked', balance.parkedCents],
      ['… unbillable', balance.unbillableCents],
      ['… written off', balance.writtenOffCents],
      ['… on no bill yet', balance.unbilledCents],
    ];
    rows.push(...amounts.map(([name, cents]) => [name, formatCents(cents)]));
  }
  say(table([{ name: `Close of ${period} (${mode}): ${outcomeOf(report)}` }, right('')], rows));
  const modeOption = mode === 'live' ? '' : ` --mode ${mode}`;
  if (parkedBills > 0) {
    say(`\nWhy bills are parked: npm run billing -- preview ${period}${modeOption}`);
    say(`When it is mended:    npm run billing -- retry-parked ${period}${modeOption}`);
  }
  if (heldBills > 0) say(`\nTo let held bills go: npm run billing -- release ${period}${modeOption} --all`);
}
