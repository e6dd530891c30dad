import { sql } from 'kysely';
import { DatabaseError } from 'pg';
import {
  type BillingPeriod,
  billingPeriodOf,
  parseBillingPeriod,
  periodEnd,
  periodStart,
} from '../domain/billing-period.ts';
import { DAY_MS } from '../domain/days.ts';
import { MAX_EVENT_AGE_DAYS } from '../domain/usage-event.ts';
import type { Database } from './database.ts';
import { inTransaction } from './transaction.ts';

/** Our only advisory lock of one number; those of disks have two, and never meet it. */
const PARTITION_LOCK = 20_262;

/**
 * Does `work`, which stores events of these instants; when a month has no partition of `usage_events` yet, makes it and does the
 * work again. So nobody must have made partitions before, and no clock decides which there are.
 */
export async function withUsagePartitions<Result>(
  db: Database,
  occurredAt: readonly Date[],
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isMissingPartition(error)) throw error;
    for (const period of new Set(occurredAt.map(billingPeriodOf))) await addPartition(db, period);
    return await work();
  }
}

const CHECK_VIOLATION = '23514';

/** PostgreSQL gives it the code of a check that failed, but names no constraint that did. */
function isMissingPartition(error: unknown): boolean {
  return (
    error instanceof DatabaseError &&
    error.code === CHECK_VIOLATION &&
    error.table === 'usage_events' &&
    error.constraint === undefined
  );
}

const tableOf = (period: BillingPeriod) => `usage_events_${period.replace('-', '_')}`;

/** Made beside the table and attached then, which ingestion into other months need not wait for. */
async function addPartition(db: Database, period: BillingPeriod): Promise<void> {
  const partition = sql.table(tableOf(period));
  await inTransaction(db, async (transaction) => {
    await sql`SELECT pg_advisory_xact_lock(${PARTITION_LOCK})`.execute(transaction);
    if ((await listPartitions(transaction)).includes(period)) return;
    await sql`CREATE TABLE ${partition} (LIKE usage_events INCLUDING ALL)`.execute(transaction);
    await sql`
      ALTER TABLE usage_events ATTACH PARTITION ${partition}
      FOR VALUES FROM (${sql.lit(periodStart(period).toISOString())})
      TO (${sql.lit(periodEnd(period).toISOString())})`.execute(transaction);
  });
}

/** The months whose raw events are kept, in order. */
export async function listPartitions(db: Pick<Database, 'getExecutor'>): Promise<BillingPeriod[]> {
  const { rows } = await sql<{ period: string }>`
    SELECT replace(substring(inhrelid::regclass::text FROM 'usage_events_(.*)'), '_', '-') AS period
    FROM pg_inherits WHERE inhparent = 'usage_events'::regclass ORDER BY period`.execute(db);
  return rows.map((row) => parseBillingPeriod(row.period));
}

/** Months whose events are still taken can't be dropped: they would come back, and their ids would be forgotten. */
class UsageStillTakenError extends Error {
  override readonly name = 'UsageStillTakenError';

  constructor(before: BillingPeriod, oldestTaken: BillingPeriod) {
    super(
      `Usage of ${oldestTaken} is still taken (for ${MAX_EVENT_AGE_DAYS} days), so only what is before ${oldestTaken} can be dropped, not all before ${before}.`,
    );
  }
}

/**
 * Drops the raw events of all months before `before`, and their ids. Totals, bills, and storage levels (the last one of a
 * disk holds for ever) stay: nothing that is billed or to be billed changes. Safe to repeat.
 *
 * @returns the months that were dropped.
 * @throws UsageStillTakenError, not retryable.
 */
export async function dropUsageEvents(
  db: Database,
  before: BillingPeriod,
  now: Date = new Date(),
): Promise<BillingPeriod[]> {
  const oldestTaken = billingPeriodOf(new Date(now.getTime() - MAX_EVENT_AGE_DAYS * DAY_MS));
  if (before > oldestTaken) throw new UsageStillTakenError(before, oldestTaken);
  const periods = (await listPartitions(db)).filter((period) => period < before);
  for (const period of periods) {
    const partition = sql.table(tableOf(period));
    await sql`
      DELETE FROM usage_event_ids AS known USING ${partition} AS event
      WHERE known.mode = event.mode AND known.event_id = event.event_id`.execute(db);
    // Whoever ingests waits for this one; that is why the ids, which take long, have gone before.
    await sql`DROP TABLE ${partition}`.execute(db);
  }
  return periods;
}
