import { type PreviewAtAGlance, previewAtAGlance, previewClose, previewWhole } from '../db/close-preview.ts';
import { type BillingPeriod, previousPeriod } from '../domain/billing-period.ts';
import type { PreviewedBill, PreviewProblem } from '../domain/close-preview.ts';
import type { Mode } from '../domain/mode.ts';
import { formatCents, formatChange } from '../domain/money.ts';
import { right, say, table, writeTo } from './console.ts';
import type { CliContext } from './context.ts';
import { csvRows, plainText } from './csv.ts';

/** Of `npm run billing -- preview`. A table shows the first of each kind, `csv` has a row for every bill. */
export interface PreviewOptions {
  readonly mode: Mode;
  readonly period: BillingPeriod;
  readonly format: 'table' | 'csv' | 'json';
}

/** How many bills of each kind a person is shown. */
const LISTED = 10;

/** Prints what a close of the month would come to now. Nothing is written, neither here nor to Stripe. */
export async function previewMonth(context: CliContext, options: PreviewOptions): Promise<void> {
  const { mode, period, format } = options;
  const month = { mode, period };
  const { holdOutliers } = context.config.rules;
  await context.withDatabase(async (db) => {
    if (format === 'csv') {
      const write = writeTo(process.stdout);
      await write(csvRows([Object.keys(COLUMNS)]));
      for await (const bills of previewClose(db, month, holdOutliers)) await write(csvOf(bills));
    } else if (format === 'json') {
      const preview = await previewWhole(db, month, { holdOutliers, listed: LISTED });
      say(JSON.stringify({ ...month, ...preview }, null, 2));
    } else printSummary(options, await previewAtAGlance(db, month, { holdOutliers, listed: LISTED }));
  });
}

/** The columns of a bill, amounts in cents: for spreadsheets and programs. */
const COLUMNS: Readonly<Record<string, (bill: PreviewedBill) => string | number | null>> = {
  user_id: ({ userId }) => plainText(userId),
  status: ({ status }) => status,
  used_cents: ({ usedCents }) => usedCents,
  credits_cents: ({ creditsCents }) => creditsCents,
  total_cents: ({ totalCents }) => totalCents,
  previous_total_cents: ({ previousTotalCents }) => previousTotalCents,
  problem: ({ problem }) => problem,
  parts: ({ parts }) => parts,
  held: ({ held }) => (held === null ? null : plainText(held)),
};

function csvOf(bills: readonly PreviewedBill[]): string {
  return csvRows(bills.map((bill) => Object.values(COLUMNS).map((cell) => cell(bill))));
}

function printSummary({ mode, period }: PreviewOptions, summary: PreviewAtAGlance): void {
  const { bills, newBills, totalCents, previousTotalCents } = summary;
  if (bills === 0) return say(`Nothing to bill in ${period} (${mode}).`);
  say(
    table(
      [{ name: `${period} (${mode})` }, right('')],
      [
        ['Bills', String(bills)],
        ['of them frozen already', String(bills - newBills)],
        ['Used', formatCents(summary.usedCents)],
        ['Paid by credits', formatCents(summary.creditsCents)],
        ['To collect', formatCents(totalCents)],
        [`${previousPeriod(period)} came to`, formatCents(previousTotalCents)],
        ['Difference', formatChange(totalCents, previousTotalCents)],
      ],
    ),
  );
  printBills('The biggest bills', summary.biggest);
  printBills('What changed most', summary.mostChanged);
  const { problems, problemBills, held, heldBills } = summary;
  printReasons("Can't be collected", problems, problemBills, ({ problem }) =>
    problem === null ? '' : SENTENCES[problem],
  );
  printReasons('Held until a person has looked', held, heldBills, ({ held: reason }) => reason ?? '');
}

const SENTENCES: Readonly<Record<PreviewProblem, string>> = {
  no_customer: 'never began a Checkout, so Stripe knows no customer: the bill will be parked',
  no_payment_method: 'no payment method: the invoice will fail, and the grace period begin',
};

function printReasons(
  title: string,
  bills: readonly PreviewedBill[],
  count: number,
  reasonOf: (bill: PreviewedBill) => string,
): void {
  if (bills.length === 0) return;
  say();
  say(
    table(
      [{ name: title }, right('Total'), { name: 'Why' }],
      bills.map((bill) => [bill.userId, formatCents(bill.totalCents), reasonOf(bill)]),
    ),
  );
  if (count > bills.length) say(`  and ${count - bills.length} more; --csv names all`);
}

function printBills(title: string, bills: readonly PreviewedBill[]): void {
  if (bills.length === 0) return;
  say();
  say(
    table(
      [
        { name: title },
        right('Used'),
        right('Credits'),
        right('Total'),
        right('Month before'),
        right('Change'),
      ],
      bills.map((bill) => [
        bill.userId,
        formatCents(bill.usedCents),
        formatCents(bill.creditsCents),
        formatCents(bill.totalCents),
        formatCents(bill.previousTotalCents),
        formatChange(bill.totalCents, bill.previousTotalCents),
      ]),
    ),
  );
}
