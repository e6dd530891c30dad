import { BILL_STATUSES, type BillStatus } from './bill.ts';
import { inWords } from './in-words.ts';
import { factsTable, markdownTable, tableCell } from './markdown.ts';
import { formatCents, formatChange, sumCents } from './money.ts';

/** How many bills, and the sum of their totals. */
export interface BillSum {
  readonly bills: number;
  readonly cents: number;
}

/** The sum of all that were not voided, in cents. */
export function toCollectCents(byStatus: Readonly<Partial<Record<BillStatus, BillSum>>>): number {
  const statuses = BILL_STATUSES.filter((status) => status !== 'void');
  return sumCents(statuses.map((status) => byStatus[status]?.cents ?? 0));
}

/**
 * A bill that an operator wants to see before it goes out, for its size. Totals in cents: what Stripe is to collect.
 */
export interface BiggestBill {
  readonly billId: string;
  readonly userId: string;
  readonly totalCents: number;
  /** The total of the month before; 0 when there was no bill. */
  readonly previousTotalCents: number;
}

/** A bill that goes nowhere before somebody acts. */
export interface StoppedBill {
  readonly billId: string;
  readonly userId: string;
  readonly totalCents: number;
  /** Why it is held or parked, for a person; cut when long. */
  readonly problem: string;
}

/**
 * What an operator wants to know of a month's bills when they are frozen, and when the close is done. Plain JSON, and small
 * however many bills there are. Amounts in cents; a total is what Stripe is to collect, so that of a void bill counts in `byStatus` only.
 */
export interface CloseSummary {
  readonly bills: number;
  readonly totalCents: number;
  /** Paid by credits; negative where corrections became credits. */
  readonly creditsCents: number;
  readonly previousBills: number;
  readonly previousTotalCents: number;
  readonly byStatus: Readonly<Record<BillStatus, BillSum>>;
  /** At most {@link LISTED_BIGGEST}, biggest first. */
  readonly biggest: readonly BiggestBill[];
  /** At most {@link LISTED_STOPPED}, biggest first; `byStatus` says how many there are. */
  readonly held: readonly StoppedBill[];
  readonly parked: readonly StoppedBill[];
  /**
   * Of bills that have no invoice yet (frozen, held, parked) and something to collect: those of users who never began a Checkout.
   * They can't be billed.
   */
  readonly withoutCustomer: BillSum;
  /** Of the same, those of customers without a payment method: an invoice would fail. */
  readonly withoutPaymentMethod: BillSum;
}

/** How many of the month's biggest bills a summary names. */
export const LISTED_BIGGEST = 5;
/** How many bills a summary names of those that are held, and as many of those that are parked. */
export const LISTED_STOPPED = 20;

const STOPPED_COLUMNS = ['User', 'Bill', 'Total', 'Why'];

const MAX_BYTES = 8_000;
/** What stands around the rows of what is held and parked: titles, headings, and how many are left out. */
const AROUND_STOPPED_BYTES = 400;

/**
 * The summary as Markdown tables, for the current details of a workflow in Temporal's Web UI. At most 8,000 bytes in UTF-8,
 * whatever ids and problems hold: what is held and parked is listed as far as there is room, and then how much is left out.
 */
export function closeSummaryMarkdown(summary: CloseSummary): string {
  const { byStatus, biggest, held, parked } = summary;
  const whole = paragraphs([
    overview(summary),
    markdownTable(['Status', 'Bills', 'Total'], statusRows(byStatus)),
    section(
      'The biggest bills',
      markdownTable(['User', 'Bill', 'Total', 'Month before'], biggest.map(biggestRow)),
    ),
  ]);
  const heldRows = held.map(stoppedRow);
  const parkedRows = parked.map(stoppedRow);
  const room = MAX_BYTES - AROUND_STOPPED_BYTES - bytesOf(whole);
  while (bytesOf(markdownTable(STOPPED_COLUMNS, [...heldRows, ...parkedRows])) > room)
    (heldRows.length > parkedRows.length ? heldRows : parkedRows).pop();
  return paragraphs([
    whole,
    section('Held', stoppedTable(heldRows, held, byStatus.held)),
    section('Parked', stoppedTable(parkedRows, parked, byStatus.parked)),
  ]);
}

function overview(summary: CloseSummary): string {
  const { bills, totalCents, creditsCents, previousBills, previousTotalCents } = summary;
  const { withoutCustomer, withoutPaymentMethod } = summary;
  return factsTable([
    ['Bills', count(bills)],
    ['To collect', formatCents(totalCents)],
    ...(creditsCents === 0 ? [] : [['Paid by credits', formatCents(creditsCents)] as const]),
    ['The month before', `${formatCents(previousTotalCents)}, ${countOfBills(previousBills)}`],
    ['Difference', formatChange(totalCents, previousTotalCents)],
    ...problemRow('No Stripe customer', withoutCustomer, 'never began a Checkout'),
    ...problemRow('No payment method', withoutPaymentMethod, 'the invoice will fail'),
  ]);
}

function problemRow(name: string, { bills, cents }: BillSum, why: string): [string, string][] {
  return bills === 0 ? [] : [[`**${name}**`, `${countOfBills(bills)}, ${formatCents(cents)}: ${why}`]];
}

function statusRows(byStatus: CloseSummary['byStatus']): string[][] {
  return BILL_STATUSES.filter((status) => byStatus[status].bills > 0).map((status) => [
    inWords(status),
    count(byStatus[status].bills),
    formatCents(byStatus[status].cents),
  ]);
}

function biggestRow({ userId, billId, totalCents, previousTotalCents }: BiggestBill): string[] {
  return [
    tableCell(userId, 64),
    tableCell(billId, 40),
    formatCents(totalCents),
    formatCents(previousTotalCents),
  ];
}

function stoppedRow({ userId, billId, totalCents, problem }: StoppedBill): string[] {
  return [tableCell(userId, 64), tableCell(billId, 40), formatCents(totalCents), tableCell(problem, 120)];
}

function stoppedTable(rows: readonly string[][], listed: readonly StoppedBill[], all: BillSum): string {
  const shownCents = sumCents(listed.slice(0, rows.length).map(({ totalCents }) => totalCents));
  const more = all.bills - rows.length;
  const rest = more > 0 ? [[`and ${count(more)} more`, '', formatCents(all.cents - shownCents), '']] : [];
  return markdownTable(STOPPED_COLUMNS, [...rows, ...rest]);
}

function section(title: string, content: string): string {
  return content === '' ? '' : `**${title}**\n\n${content}`;
}

function paragraphs(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

function count(bills: number): string {
  return bills.toLocaleString('en-US');
}

/** `1 bill`, `1,234 bills` */
export function countOfBills(bills: number): string {
  return bills === 1 ? '1 bill' : `${count(bills)} bills`;
}
