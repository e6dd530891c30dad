import type { Writable } from 'node:stream';
import { type ExportedBill, type ExportedLine, exportBills } from '../db/bill-export.ts';
import type { BillingPeriod } from '../domain/billing-period.ts';
import type { Mode } from '../domain/mode.ts';
import { centsAsDollars, unitPriceDollars } from '../domain/money.ts';
import { writeTo } from './console.ts';
import { type CliContext, UsageError } from './context.ts';
import { csvRows, plainText } from './csv.ts';

/** Which bills, and how they are written. Months are half-open in UTC, as everywhere; both ends are meant to be exported. */
export interface ExportOptions {
  readonly mode: Mode;
  readonly from: BillingPeriod;
  /** Inclusive. */
  readonly to: BillingPeriod;
  /** `json`: an object a line. */
  readonly format: 'csv' | 'json';
  /** A row for each line of a bill, and not for each bill; as JSON the lines are part of their bill. */
  readonly withLines: boolean;
}

type Cell = string | number | null;
type Columns<Row> = Readonly<Record<string, (row: Row) => Cell>>;

/** The columns of a bill. Their names are part of the public interface: they never change, and new ones come last. */
const BILL_COLUMNS: Columns<{ readonly mode: Mode; readonly bill: ExportedBill }> = {
  mode: ({ mode }) => mode,
  bill_id: ({ bill }) => bill.billId,
  user_id: ({ bill }) => plainText(bill.userId),
  period: ({ bill }) => bill.period,
  part: ({ bill }) => bill.part,
  parts: ({ bill }) => bill.parts,
  status: ({ bill }) => bill.status,
  total_cents: ({ bill }) => bill.totalCents,
  total_dollars: ({ bill }) => centsAsDollars(bill.totalCents),
  credits_cents: ({ bill }) => bill.creditsCents,
  credits_dollars: ({ bill }) => centsAsDollars(bill.creditsCents),
  refunded_cents: ({ bill }) => bill.refundedCents,
  refunded_dollars: ({ bill }) => centsAsDollars(bill.refundedCents),
  stripe_customer_id: ({ bill }) => bill.stripeCustomerId,
  stripe_invoice_id: ({ bill }) => bill.stripeInvoiceId,
  frozen_at: ({ bill }) => bill.frozenAt.toISOString(),
};

/** The columns of a line: which bill it is on, and then its own. As stable as those of a bill. */
const LINE_COLUMNS: Columns<{
  readonly mode: Mode;
  readonly bill: ExportedBill;
  readonly line: ExportedLine;
}> = {
  mode: ({ mode }) => mode,
  bill_id: ({ bill }) => bill.billId,
  user_id: ({ bill }) => plainText(bill.userId),
  period: ({ bill }) => bill.period,
  part: ({ bill }) => bill.part,
  status: ({ bill }) => bill.status,
  stripe_invoice_id: ({ bill }) => bill.stripeInvoiceId,
  line_number: ({ line }) => line.lineNumber,
  product: ({ line }) => line.product,
  usage_period: ({ line }) => line.usagePeriod,
  quantity: ({ line }) => line.quantity,
  unit_price_cents: ({ line }) => line.unitPriceCents,
  unit_price_dollars: ({ line }) => unitPriceDollars(line.unitPriceCents),
  amount_cents: ({ line }) => line.amountCents,
  amount_dollars: ({ line }) => centsAsDollars(line.amountCents),
  description: ({ line }) => plainText(line.description),
};

/**
 * Writes the bills of these months, of one instant and page by page: memory stays flat, however many there are.
 *
 * @throws UsageError when the months are the wrong way round.
 */
export async function exportBillsTo(
  context: CliContext,
  { mode, from, to, format, withLines }: ExportOptions,
  output: Writable,
): Promise<void> {
  if (from > to) throw new UsageError(`There are no months from ${from} to ${to}.`);
  const write = writeTo(output);
  const columns = withLines ? LINE_COLUMNS : BILL_COLUMNS;
  if (format === 'csv') await write(csvRows([Object.keys(columns)]));
  await context.withDatabase(async (db) => {
    await exportBills(db, { mode, from, to }, { withLines }, async (bills) => {
      await write(format === 'csv' ? csvOf(mode, bills, withLines) : jsonOf(mode, bills, withLines));
    });
  });
}

function csvOf(mode: Mode, bills: readonly ExportedBill[], withLines: boolean): string {
  if (!withLines) return csvRows(bills.map((bill) => cellsOf(BILL_COLUMNS, { mode, bill })));
  return csvRows(
    bills.flatMap((bill) => bill.lines.map((line) => cellsOf(LINE_COLUMNS, { mode, bill, line }))),
  );
}

function cellsOf<Row>(columns: Columns<Row>, row: Row): Cell[] {
  return Object.values(columns).map((cell) => cell(row));
}

/** The same names; text is as it is, for no spreadsheet reads this. */
function jsonOf(mode: Mode, bills: readonly ExportedBill[], withLines: boolean): string {
  const objects = bills.map((bill) => ({
    ...objectOf(BILL_COLUMNS, { mode, bill }),
    user_id: bill.userId,
    ...(withLines ? { lines: bill.lines.map((line) => jsonLine(mode, bill, line)) } : {}),
  }));
  return objects.map((object) => `${JSON.stringify(object)}\n`).join('');
}

/** What is the bill's is said of the bill. */
const OF_THE_BILL: ReadonlySet<string> = new Set(Object.keys(BILL_COLUMNS));

function jsonLine(mode: Mode, bill: ExportedBill, line: ExportedLine) {
  const all = Object.entries(objectOf(LINE_COLUMNS, { mode, bill, line }));
  return {
    ...Object.fromEntries(all.filter(([name]) => !OF_THE_BILL.has(name))),
    description: line.description,
  };
}

function objectOf<Row>(columns: Columns<Row>, row: Row): Record<string, Cell> {
  return Object.fromEntries(Object.entries(columns).map(([name, cell]) => [name, cell(row)]));
}
