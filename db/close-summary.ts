import { sql } from 'kysely';
import type { BillStatus } from '../domain/bill.ts';
import { previousPeriod } from '../domain/billing-period.ts';
import {
  type BiggestBill,
  type BillSum,
  type CloseSummary,
  LISTED_BIGGEST,
  LISTED_STOPPED,
  type StoppedBill,
  toCollectCents,
} from '../domain/close-summary.ts';
import { sumCents } from '../domain/money.ts';
import type { Month } from '../domain/monthly-close.ts';
import { type Database, type DatabaseTransaction, exactInteger } from './database.ts';

/** A problem may quote all that Stripe says; the summary has to travel. */
const PROBLEM_LENGTH = 200;

const NONE: BillSum = { bills: 0, cents: 0 };

/**
 * What a person wants to know of a month's bills, all of one instant. It reads each bill of the month and of the one before a few
 * times, and no line or total: two to three seconds for a million bills.
 */
export async function loadCloseSummary(db: Database, month: Month): Promise<CloseSummary> {
  return await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (transaction) => ({
      ...(await loadSums(transaction, month)),
      ...(await loadPrevious(transaction, month)),
      biggest: await listBiggest(transaction, month),
      held: await listStopped(transaction, month, 'held'),
      parked: await listStopped(transaction, month, 'parked'),
      ...(await loadUncollectible(transaction, month)),
    }));
}

async function loadSums(transaction: DatabaseTransaction, { mode, period }: Month) {
  const rows = await transaction
    .selectFrom('bills')
    .select((query) => [
      'status',
      query.fn.countAll<number>().as('bills'),
      query.fn.sum<string>('total_cents').as('cents'),
      query.fn.sum<string>('credits_applied_cents').as('credits'),
    ])
    .where('mode', '=', mode)
    .where('period', '=', period)
    .groupBy('status')
    .execute();
  const byStatus: Record<BillStatus, BillSum> = {
    frozen: NONE,
    held: NONE,
    open: NONE,
    paid: NONE,
    payment_failed: NONE,
    parked: NONE,
    void: NONE,
  };
  for (const { status, bills, cents } of rows) byStatus[status] = { bills, cents: exactInteger(cents) };
  return {
    bills: sumCents(rows.map(({ bills }) => bills)),
    totalCents: toCollectCents(byStatus),
    creditsCents: sumCents(rows.map(({ credits }) => exactInteger(credits))),
    byStatus,
  };
}

async function loadPrevious(transaction: DatabaseTransaction, { mode, period }: Month) {
  const { bills, cents } = await transaction
    .selectFrom('bills')
    .select((query) => [
      query.fn.countAll<number>().as('bills'),
      sql<string>`coalesce(sum(total_cents) FILTER (WHERE status <> 'void'), 0)`.as('cents'),
    ])
    .where('mode', '=', mode)
    .where('period', '=', previousPeriod(period))
    .executeTakeFirstOrThrow();
  return { previousBills: bills, previousTotalCents: exactInteger(cents) };
}

async function listBiggest(
  transaction: DatabaseTransaction,
  { mode, period }: Month,
): Promise<readonly BiggestBill[]> {
  const { rows } = await sql<BiggestBill>`
    SELECT biggest.bill_id AS "billId", user_id AS "userId", biggest.total_cents AS "totalCents",
      (SELECT coalesce(sum(total_cents), 0) FROM bills AS previous
        WHERE previous.mode = biggest.mode AND previous.user_id = biggest.user_id AND previous.kind = biggest.kind
          AND previous.period = ${previousPeriod(period)} AND previous.status <> 'void')::bigint AS "previousTotalCents"
    FROM (
      SELECT bill_id, mode, user_id, kind, total_cents FROM bills
      WHERE mode = ${mode} AND period = ${period} AND status <> 'void'
      ORDER BY total_cents DESC, user_id
      LIMIT ${LISTED_BIGGEST}
    ) AS biggest
    ORDER BY biggest.total_cents DESC, user_id`.execute(transaction);
  return rows;
}

async function listStopped(
  transaction: DatabaseTransaction,
  { mode, period }: Month,
  status: 'held' | 'parked',
): Promise<readonly StoppedBill[]> {
  const { rows } = await sql<StoppedBill>`
    SELECT bill_id AS "billId", user_id AS "userId", total_cents AS "totalCents",
      left(coalesce(problem, ''), ${PROBLEM_LENGTH}) AS problem
    FROM bills
    WHERE mode = ${mode} AND period = ${period} AND status = ${status}
    ORDER BY total_cents DESC, user_id
    LIMIT ${LISTED_STOPPED}`.execute(transaction);
  return rows;
}

/** Asks the users as `problemOfBill` does for a preview. */
async function loadUncollectible(transaction: DatabaseTransaction, { mode, period }: Month) {
  const { rows } = await sql<{ has_customer: boolean; bills: number; cents: string }>`
    SELECT stripe_customer_id IS NOT NULL AS has_customer, count(*) AS bills, sum(total_cents) AS cents
    FROM bills JOIN users USING (mode, user_id)
    WHERE mode = ${mode} AND period = ${period} AND bills.status IN ('frozen', 'held', 'parked') AND total_cents > 0
      AND (stripe_customer_id IS NULL OR default_payment_method_id IS NULL)
    GROUP BY has_customer`.execute(transaction);
  const sumOf = (hasCustomer: boolean): BillSum => {
    const row = rows.find((each) => each.has_customer === hasCustomer);
    return row === undefined ? NONE : { bills: row.bills, cents: exactInteger(row.cents) };
  };
  return { withoutCustomer: sumOf(false), withoutPaymentMethod: sumOf(true) };
}
