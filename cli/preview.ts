import { billedTotalCents, previewClose } from '../db/close-preview.ts';
import { type BillingPeriod, previousPeriod } from '../domain/billing-period.ts';
import {
  type PreviewedBill,
  type PreviewProblem,
  type PreviewSummary,
  summarizePreview,
} from '../domain/close-preview.ts';
import type { Mode } from '../domain/mode.ts';
import { formatCents, formatChange } from '../domain/money.ts';
import { right, say, table } from './console.ts';
import type { CliContext } from './context.ts';
import { csvRows, plainText } from './csv.ts';

export interface PreviewOptions {
  readonly mode: Mode;
  readonly period: BillingPeriod;
  readonly format: 'table' | 'csv' | 'json';
}

/** How many of the biggest bills a person is shown. */
const LISTED = 10;

/** Prints what a close of the month would come to now. Nothing is written, neither here nor to Stripe. */
export async function previewMonth(context: CliContext, options: PreviewOptions): Promise<void> {
  const { mode, period, format } = options;
  await context.withDatabase(async (db) => {
    const bills: PreviewedBill[] = [];
    const { holdOutliers } = context.config.rules;
    for await (const page of previewClose(db, { mode, period }, holdOutliers)) bills.push(...page);
    if (format === 'csv') return process.stdout.write(csvOf(bills));
    const before = previousPeriod(period);
    const summary = summarizePreview(bills, await billedTotalCents(db, { mode, period: before }), LISTED);
    if (format === 'json') return say(JSON.stringify({ mode, period, ...summary, all: bills }, null, 2));
    printSummary(options, summary);
  });
}

/** One row for each bill, amounts in cents: for spreadsheets and programs. */
function csvOf(bills: readonly PreviewedBill[]): string {
  const columns = {
    user_id: ({ userId }: PreviewedBill) => plainText(userId),
    status: ({ status }: PreviewedBill) => status,
    used_cents: ({ usedCents }: PreviewedBill) => usedCents,
    credits_cents: ({ creditsCents }: PreviewedBill) => creditsCents,
    total_cents: ({ totalCents }: PreviewedBill) => totalCents,
    previous_total_cents: ({ previousTotalCents }: PreviewedBill) => previousTotalCents,
    problem: ({ problem }: PreviewedBill) => problem,
    parts: ({ parts }: PreviewedBill) => parts,
    held: ({ held }: PreviewedBill) => (held === null ? null : plainText(held)),
  };
  return csvRows([
    Object.keys(columns),
    ...bills.map((bill) => Object.values(columns).map((cell) => cell(bill))),
  ]);
}

function printSummary({ mode, period }: PreviewOptions, summary: PreviewSummary): void {
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
  printReasons("Can't be collected", summary.problems, ({ problem }) =>
    problem === null ? '' : SENTENCES[problem],
  );
  printReasons('Held until a person has looked', summary.held, ({ held }) => held ?? '');
}

const SENTENCES: Readonly<Record<PreviewProblem, string>> = {
  no_customer: 'never began a Checkout, so Stripe knows no customer: the bill will be parked',
  no_payment_method: 'no payment method: the invoice will fail, and the grace period begin',
};

function printReasons(
  title: string,
  bills: readonly PreviewedBill[],
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
