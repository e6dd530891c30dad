import { sql } from 'kysely';
import type { BillStatus } from '../domain/bill.ts';
import type { Mode } from '../domain/mode.ts';
import type { Month, UserRange } from '../domain/monthly-close.ts';
import type { Database } from './database.ts';

/** How a month is divided: for a hundred thousand users into 200 partitions of 500, for a million into as many of 5,000. */
export interface Division {
  /** Users of a partition, where that makes no more partitions than … */
  readonly size: number;
  /** … this. */
  readonly maxPartitions: number;
}

/** Divides the users of a mode, also those who will be registered after the last. */
export async function divideUsers(db: Database, mode: Mode, division: Division): Promise<UserRange[]> {
  const users = sql`SELECT user_id FROM users WHERE mode = ${mode}`;
  return rangesBetween(await lastOfEachPartition(db, users, division));
}

/** Divides the users who have a bill of the month in one of these states; nobody has: no partition. */
export async function divideBills(
  db: Database,
  { mode, period }: Month,
  statuses: readonly BillStatus[],
  division: Division,
): Promise<UserRange[]> {
  const bills = sql`
    SELECT DISTINCT user_id FROM bills
    WHERE mode = ${mode} AND period = ${period} AND status = ANY (${statuses})`;
  const ends = await lastOfEachPartition(db, bills, division);
  return ends.length === 0 ? [] : rangesBetween(ends);
}

/** One page of the month's bills in one of these states, in the order of their users; of each user all, though it be a few more. */
export async function listBillsOfRange(
  db: Database,
  { mode, period }: Month,
  statuses: readonly BillStatus[],
  page: UserRange & { readonly limit: number },
): Promise<{ billId: string; userId: string }[]> {
  let bills = db
    .selectFrom('bills')
    .select(['bill_id as billId', 'user_id as userId'])
    .where('mode', '=', mode)
    .where('period', '=', period)
    .where('status', 'in', statuses)
    .where('user_id', '>', page.afterUserId);
  if (page.throughUserId !== null) bills = bills.where('user_id', '<=', page.throughUserId);
  return await bills.orderBy('user_id').fetch(page.limit, 'with ties').execute();
}

/** The last user of each partition, the last of all included. */
async function lastOfEachPartition(
  db: Database,
  users: ReturnType<typeof sql>,
  { size, maxPartitions }: Division,
): Promise<string[]> {
  const { rows } = await sql<{ user_id: string }>`
    SELECT user_id FROM (
      SELECT user_id, row_number() OVER (ORDER BY user_id) AS number, count(*) OVER () AS total
      FROM (${users}) AS users
    ) AS numbered
    WHERE number % greatest(${size}::bigint, (total + ${maxPartitions}::bigint - 1) / ${maxPartitions}::bigint) = 0 OR number = total
    ORDER BY user_id`.execute(db);
  return rows.map((row) => row.user_id);
}

/** The last range is open: whoever comes after the last user belongs to it. */
function rangesBetween(ends: readonly string[]): UserRange[] {
  const inner = ends.slice(0, -1);
  return [...inner, null].map((throughUserId, index) => ({
    afterUserId: inner[index - 1] ?? '',
    throughUserId,
  }));
}
