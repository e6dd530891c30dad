import { sql } from 'kysely';
import type { Database } from '../../db/database.ts';
import { monthEndMs, monthStartMs } from './calendar.ts';
import type { Bill, Line, OracleProduct } from './oracle.ts';
import { format, over, parseDecimal, rational } from './rational.ts';

/** A frozen bill with what its lines hold exactly, read from the tables alone. */
export async function readBill(db: Database, billId: string): Promise<Bill> {
  const { rows } = await sql<BillLineRow>`
    SELECT * FROM bills JOIN bill_lines USING (mode, bill_id)
    WHERE bill_id = ${billId} ORDER BY line_number`.execute(db);
  const [first] = rows;
  if (first === undefined) throw new Error(`the bill ${billId} has no lines`);
  const credits = rows.filter((row) => row.product === 'credits');
  const creditsCents = credits.reduce((sum, row) => sum - row.amount_cents, 0);
  if (creditsCents !== first.credits_applied_cents) throw new Error(`credits of ${billId} differ`);
  return {
    userId: first.user_id,
    month: first.period,
    lines: rows.flatMap((row) => (row.product === 'credits' ? [] : lineOf(row.product, row))),
    creditsCents: creditsCents === 0 ? 0 : creditsCents, // never −0
    totalCents: first.total_cents,
  };
}

interface BillLineRow {
  readonly user_id: string;
  readonly period: string;
  readonly total_cents: number;
  readonly credits_applied_cents: number;
  readonly product: OracleProduct | 'credits';
  readonly usage_period: string;
  readonly exact_quantity: string;
  readonly unit_price_cents: string;
  readonly amount_cents: number;
}

/** A line in the unit that is priced: what storage keeps in GB × ms is divided by the month's length. */
function lineOf(product: OracleProduct, row: BillLineRow): Line {
  const month = row.usage_period;
  const perUnit = product === 'storage_gb_month' ? monthEndMs(month) - monthStartMs(month) : 1;
  return {
    product,
    month,
    quantity: format(over(parseDecimal(row.exact_quantity), rational(BigInt(perUnit)))),
    unitPriceCents: format(parseDecimal(row.unit_price_cents)),
    amountCents: row.amount_cents,
  };
}
