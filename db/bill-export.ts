import { sql } from 'kysely';
import type { BillStatus } from '../domain/bill.ts';
import type { BillingPeriod } from '../domain/billing-period.ts';
import type { Mode } from '../domain/mode.ts';
import type { Product } from '../domain/price-list.ts';
import type { Database, DatabaseTransaction } from './database.ts';

/** Bills at a time: all that is ever in memory. */
const PAGE = 500;

/**
 * A bill as accounting gets it; each part of a month's bill by itself. Amounts in cents, `totalCents` what Stripe
 * collects.
 */
export interface ExportedBill {
  readonly billId: string;
  readonly userId: string;
  readonly period: BillingPeriod;
  readonly part: number;
  readonly parts: number;
  readonly status: BillStatus;
  readonly totalCents: number;
  /** Paid by credits; negative where corrections became credits. */
  readonly creditsCents: number;
  readonly refundedCents: number;
  readonly stripeCustomerId: string | null;
  readonly stripeInvoiceId: string | null;
  readonly frozenAt: Date;
  /** Empty unless asked for. */
  readonly lines: readonly ExportedLine[];
}

/**
 * A line as accounting gets it. The quantity is in the unit of the price list, rounded to 12 decimals; the amount came
 * from the exact one.
 */
export interface ExportedLine {
  readonly lineNumber: number;
  readonly product: Product;
  readonly usagePeriod: BillingPeriod;
  readonly quantity: string;
  readonly unitPriceCents: string;
  readonly amountCents: number;
  readonly description: string;
}

interface Months {
  readonly mode: Mode;
  readonly from: BillingPeriod;
  /** Inclusive. */
  readonly to: BillingPeriod;
}

/** Hands out the bills of these months page by page, by month, user and part: all of one instant, however long it takes. */
export async function exportBills(
  db: Database,
  months: Months,
  { withLines }: { readonly withLines: boolean },
  take: (bills: readonly ExportedBill[]) => Promise<void>,
): Promise<void> {
  await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (transaction) => {
      await declareCursor(transaction, months);
      for (;;) {
        const { rows } = await sql<ExportedRow>`FETCH ${sql.lit(PAGE)} FROM exported_bills`.execute(
          transaction,
        );
        if (rows.length === 0) return;
        const lines = withLines
          ? await linesOf(transaction, months.mode, rows)
          : new Map<string, ExportedLine[]>();
        await take(rows.map((row) => ({ ...row, lines: lines.get(row.billId) ?? [] })));
      }
    });
}

type ExportedRow = Omit<ExportedBill, 'lines'>;

async function declareCursor(transaction: DatabaseTransaction, { mode, from, to }: Months): Promise<void> {
  await sql`
    DECLARE exported_bills NO SCROLL CURSOR FOR
    SELECT bill_id AS "billId", user_id AS "userId", period, part, parts, bills.status, total_cents AS "totalCents",
      credits_applied_cents AS "creditsCents", refunded_cents AS "refundedCents",
      stripe_customer_id AS "stripeCustomerId", stripe_invoice_id AS "stripeInvoiceId", frozen_at AS "frozenAt"
    FROM bills JOIN users USING (mode, user_id)
    WHERE mode = ${sql.lit(mode)} AND period BETWEEN ${sql.lit(from)} AND ${sql.lit(to)}
    ORDER BY period, user_id, part`.execute(transaction);
}

async function linesOf(
  transaction: DatabaseTransaction,
  mode: Mode,
  bills: readonly ExportedRow[],
): Promise<Map<string, ExportedLine[]>> {
  const rows = await transaction
    .selectFrom('bill_lines')
    .select([
      'bill_id',
      'line_number as lineNumber',
      'product',
      'usage_period as usagePeriod',
      'quantity',
      'unit_price_cents as unitPriceCents',
      'amount_cents as amountCents',
      'description',
    ])
    .where('mode', '=', mode)
    .where(
      'bill_id',
      'in',
      bills.map(({ billId }) => billId),
    )
    .orderBy('bill_id')
    .orderBy('line_number')
    .execute();
  const lines = new Map<string, ExportedLine[]>();
  for (const { bill_id: billId, ...line } of rows) {
    const ofBill = lines.get(billId);
    if (ofBill === undefined) lines.set(billId, [line]);
    else ofBill.push(line);
  }
  return lines;
}
