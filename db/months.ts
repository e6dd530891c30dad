import { sql } from 'kysely';
import type { BillStatus } from '../domain/bill.ts';
import type { BillingPeriod } from '../domain/billing-period.ts';
import type { BillSum } from '../domain/close-summary.ts';
import type { Mode } from '../domain/mode.ts';
import { type Database, exactInteger } from './database.ts';

/** A month as a list shows it. */
export interface ListedMonth {
  readonly period: BillingPeriod;
  /** Its bills by what became of them; a status that none has is missing. */
  readonly byStatus: Readonly<Partial<Record<BillStatus, BillSum>>>;
}

/** After every month. */
const END_OF_TIME = '9999-13';

/**
 * The months of a mode that have usage or bills, newest first. It reads each bill of the months it gives once: about a second for a
 * million bills.
 *
 * @param page `before`: the oldest month of the page before.
 */
export async function listMonths(
  db: Database,
  mode: Mode,
  page: { readonly before?: BillingPeriod | undefined; readonly limit: number },
): Promise<ListedMonth[]> {
  const periods = await listPeriods(db, mode, page);
  if (periods.length === 0) return [];
  const rows = await db
    .selectFrom('bills')
    .select((query) => [
      'period',
      'status',
      query.fn.countAll<number>().as('bills'),
      query.fn.sum<string>('total_cents').as('cents'),
    ])
    .where('mode', '=', mode)
    .where('period', 'in', periods)
    .groupBy(['period', 'status'])
    .execute();
  return periods.map((period) => ({
    period,
    byStatus: Object.fromEntries(
      rows
        .filter((row) => row.period === period)
        .map(({ status, bills, cents }) => [status, { bills, cents: exactInteger(cents) }]),
    ),
  }));
}

/** From month to month by the indexes: it takes as many steps as there are months, whatever is in them. */
async function listPeriods(
  db: Database,
  mode: Mode,
  { before, limit }: { readonly before?: BillingPeriod | undefined; readonly limit: number },
): Promise<BillingPeriod[]> {
  const { rows } = await sql<{ period: BillingPeriod }>`
    WITH RECURSIVE months (period) AS (
      SELECT ${before ?? END_OF_TIME}::text
      UNION ALL
      SELECT greatest(
        (SELECT max(period)::text FROM bills WHERE mode = ${mode} AND period < months.period),
        (SELECT max(period)::text FROM usage_totals WHERE mode = ${mode} AND period < months.period)
      )
      FROM months WHERE months.period IS NOT NULL
    )
    SELECT period FROM months WHERE period IS NOT NULL OFFSET 1 LIMIT ${limit}`.execute(db);
  return rows.map(({ period }) => period);
}
