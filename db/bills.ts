import type { Selectable } from 'kysely';
import { type BillLine, type BillStatus, OWED_STATUSES } from '../domain/bill.ts';
import type { BillingPeriod } from '../domain/billing-period.ts';
import type { Mode } from '../domain/mode.ts';
import { type Database, exactInteger } from './database.ts';
import type { BillLinesTable, BillsTable } from './schema.ts';

/** A line as it is stored. */
export interface BillLineRow extends Omit<BillLine, 'events'> {
  /** The events of its product and month that are numbered up to this are on this bill or earlier ones; `null`: not kept, or credits. */
  readonly eventsThrough: number | null;
}

/** A bill as the user and the host product see it. */
export interface BillWithLines {
  readonly mode: Mode;
  readonly billId: string;
  readonly userId: string;
  readonly period: BillingPeriod;
  /** Which part of the month's bill it is, from 1 … */
  readonly part: number;
  /** … to this; 1 unless an invoice takes fewer lines than the bill has. */
  readonly parts: number;
  readonly status: BillStatus;
  readonly totalCents: number;
  readonly stripeInvoiceId: string | null;
  /** What was given back of it, in cents. */
  readonly refundedCents: number;
  /** Stripe's page where the customer can pay or confirm; `null` before there is an invoice. */
  readonly hostedInvoiceUrl: string | null;
  /** Stripe's invoice as a PDF; `null` before there is an invoice. Stripe lets the link expire after 30 days. */
  readonly invoicePdfUrl: string | null;
  readonly lines: readonly BillLineRow[];
}

/** A user's bills with their lines, newest month first, the parts of one in their order. */
export async function listBills(db: Database, mode: Mode, userId: string): Promise<BillWithLines[]> {
  return await withLines(db, mode, await billsOf(db, mode, userId));
}

/** A bill as a list of operators' shows it. */
export interface BillSummary {
  readonly billId: string;
  readonly period: BillingPeriod;
  readonly part: number;
  readonly parts: number;
  readonly status: BillStatus;
  readonly totalCents: number;
  /** Paid by credits; negative where corrections become credits. */
  readonly creditsCents: number;
  readonly refundedCents: number;
  readonly stripeInvoiceId: string | null;
  readonly hostedInvoiceUrl: string | null;
  /** Why it is held or parked. */
  readonly problem: string | null;
  readonly frozenAt: Date;
}

/** A user's bills without their lines, newest month first, the parts of one in their order. */
export async function listBillSummaries(db: Database, mode: Mode, userId: string): Promise<BillSummary[]> {
  const rows = await billsOf(db, mode, userId);
  return rows.map((row) => ({
    billId: row.bill_id,
    period: row.period,
    part: row.part,
    parts: row.parts,
    status: row.status,
    totalCents: row.total_cents,
    creditsCents: row.credits_applied_cents,
    refundedCents: row.refunded_cents,
    stripeInvoiceId: row.stripe_invoice_id,
    hostedInvoiceUrl: row.hosted_invoice_url,
    problem: row.problem,
    frozenAt: row.frozen_at,
  }));
}

/** A bill with its lines, by its id. @returns `undefined` when the mode has no such bill. */
export async function findBill(db: Database, mode: Mode, billId: string): Promise<BillWithLines | undefined> {
  const bills = await db
    .selectFrom('bills')
    .selectAll()
    .where('mode', '=', mode)
    .where('bill_id', '=', billId)
    .execute();
  return (await withLines(db, mode, bills))[0];
}

/** What Stripe is collecting from the user, or could not collect. */
export async function owedCents(db: Database, mode: Mode, userId: string): Promise<number> {
  const { owed } = await db
    .selectFrom('bills')
    .select((query) => query.fn.coalesce(query.fn.sum<string>('total_cents'), query.val('0')).as('owed'))
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .where('status', 'in', OWED_STATUSES)
    .executeTakeFirstOrThrow();
  return exactInteger(owed);
}

/** Stripe's page where the user pays the oldest bill that could not be collected, or confirms its payment; `null`: none. */
export async function pageOfOldestUnpaidBill(
  db: Database,
  mode: Mode,
  userId: string,
): Promise<string | null> {
  const bill = await db
    .selectFrom('bills')
    .select('hosted_invoice_url')
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .where('status', '=', 'payment_failed')
    .where('hosted_invoice_url', 'is not', null)
    .orderBy('period')
    .orderBy('part')
    .limit(1)
    .executeTakeFirst();
  return bill?.hosted_invoice_url ?? null;
}

/** Newest month first, the parts of one in their order. */
async function billsOf(db: Database, mode: Mode, userId: string): Promise<Selectable<BillsTable>[]> {
  return await db
    .selectFrom('bills')
    .selectAll()
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .orderBy('period', 'desc')
    .orderBy('part')
    .execute();
}

async function withLines(
  db: Database,
  mode: Mode,
  bills: Selectable<BillsTable>[],
): Promise<BillWithLines[]> {
  if (bills.length === 0) return [];
  const lines = await db
    .selectFrom('bill_lines')
    .selectAll()
    .where('mode', '=', mode)
    .where(
      'bill_id',
      'in',
      bills.map((bill) => bill.bill_id),
    )
    .orderBy('line_number')
    .execute();
  return bills.map((bill) => ({
    mode,
    billId: bill.bill_id,
    userId: bill.user_id,
    period: bill.period,
    part: bill.part,
    parts: bill.parts,
    status: bill.status,
    totalCents: bill.total_cents,
    stripeInvoiceId: bill.stripe_invoice_id,
    refundedCents: bill.refunded_cents,
    hostedInvoiceUrl: bill.hosted_invoice_url,
    invoicePdfUrl: bill.invoice_pdf_url,
    lines: lines.filter((line) => line.bill_id === bill.bill_id).map(lineOf),
  }));
}

function lineOf(row: Selectable<BillLinesTable>): BillLineRow {
  return { ...billLineOf(row), eventsThrough: row.events_through };
}

/** What a line says by itself: all but the events that it is of. */
export function billLineOf(row: Selectable<BillLinesTable>): Omit<BillLine, 'events'> {
  return {
    product: row.product,
    usagePeriod: row.usage_period,
    quantity: row.quantity,
    exactQuantity: row.exact_quantity,
    unitPriceCents: row.unit_price_cents,
    amountCents: row.amount_cents,
    description: row.description,
  };
}
