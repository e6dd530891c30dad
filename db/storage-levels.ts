import { Big } from 'big.js';
import { sql } from 'kysely';
import { type BillingPeriod, billingPeriodOf } from '../domain/billing-period.ts';
import type { Mode } from '../domain/mode.ts';
import { LEVEL_PRODUCT } from '../domain/price-list.ts';
import { type StorageLevel, storageChanges } from '../domain/storage.ts';
import type { UsageEvent } from '../domain/usage-event.ts';
import type { DatabaseTransaction } from './database.ts';
import { countEvents } from './usage-sums.ts';

/**
 * Stores the levels among `added`, and corrects the totals of all months that they change: one write for each. A level
 * changes what its neighbours in time amount to, so those are read, one transaction after the other.
 */
export async function storeLevels(
  transaction: DatabaseTransaction,
  mode: Mode,
  added: readonly UsageEvent[],
): Promise<void> {
  const disks = disksOf(added);
  if (disks.length === 0) return;
  await lockDisks(transaction, mode, disks);
  const known = await knownLevels(transaction, mode, disks);
  const changes = changesOf(disks, known);
  const counts = await growTotals(transaction, mode, [...changes.values()]);
  await insertLevels(transaction, mode, disks, counts);
}

/** What one row of `usage_totals` changes by. */
interface StorageChange {
  readonly userId: string;
  readonly period: BillingPeriod;
  readonly gbMs: Big;
  readonly levelChangeGb: Big;
  /** When the levels that are new in this month begin. */
  readonly occurredAt: readonly Date[];
}

const totalKey = (userId: string, period: BillingPeriod): string => `${userId} ${period}`;

/** One thing that holds storage, with the levels a transaction is about to store for it (at least one). */
interface Disk {
  readonly userId: string;
  readonly resourceId: string;
  readonly added: readonly StorageLevel[];
}

function disksOf(added: readonly UsageEvent[]): Disk[] {
  const disks = new Map<string, Disk & { readonly added: StorageLevel[] }>();
  for (const { id, userId, quantity, occurredAt, resourceId } of added) {
    if (resourceId === null) continue;
    const key = JSON.stringify([userId, resourceId]);
    const disk = disks.get(key) ?? { userId, resourceId, added: [] };
    disk.added.push({ eventId: id, occurredAt, gb: quantity });
    disks.set(key, disk);
  }
  return [...disks.values()];
}

function changesOf(
  disks: readonly Disk[],
  known: readonly (readonly StorageLevel[])[],
): Map<string, StorageChange> {
  const changes = new Map<string, StorageChange>();
  for (const [position, { userId, added }] of disks.entries()) {
    for (const [period, { gbMs, levelChangeGb }] of storageChanges(known[position] ?? [], added)) {
      const key = totalKey(userId, period);
      const before = changes.get(key) ?? { gbMs: ZERO, levelChangeGb: ZERO, occurredAt: [] };
      changes.set(key, {
        userId,
        period,
        gbMs: before.gbMs.plus(gbMs),
        levelChangeGb: before.levelChangeGb.plus(levelChangeGb),
        occurredAt: [
          ...before.occurredAt,
          ...added.map((level) => level.occurredAt).filter((at) => billingPeriodOf(at) === period),
        ],
      });
    }
  }
  return changes;
}

const ZERO = new Big(0);

/**
 * One statement for all rows, in the order in which everyone locks them.
 *
 * @returns how many events each total counts now.
 */
async function growTotals(
  transaction: DatabaseTransaction,
  mode: Mode,
  changes: readonly StorageChange[],
): Promise<Map<string, number>> {
  const { rows } = await sql<{ user_id: string; period: BillingPeriod; event_count: number }>`
    INSERT INTO usage_totals AS total (
      mode, user_id, product, period, used_quantity, level_change_gb, event_count, unbilled_first_at, unbilled_last_at)
    SELECT ${mode}, user_id, ${LEVEL_PRODUCT}, period, gb_ms, level_change_gb, events, first_at, last_at
    FROM unnest(
      ${changes.map((change) => change.userId)}::text[],
      ${changes.map((change) => change.period)}::text[],
      ${changes.map((change) => change.gbMs.toFixed())}::numeric[],
      ${changes.map((change) => change.levelChangeGb.toFixed())}::numeric[],
      ${changes.map((change) => change.occurredAt.length)}::bigint[],
      ${changes.map((change) => earliest(change.occurredAt))}::timestamptz[],
      ${changes.map((change) => latest(change.occurredAt))}::timestamptz[]
    ) AS change (user_id, period, gb_ms, level_change_gb, events, first_at, last_at)
    ORDER BY user_id, period
    ON CONFLICT (mode, user_id, product, period) DO UPDATE SET
      used_quantity = total.used_quantity + excluded.used_quantity,
      level_change_gb = total.level_change_gb + excluded.level_change_gb,
      ${countEvents}
    RETURNING user_id, period, event_count`.execute(transaction);
  return new Map(rows.map((row) => [totalKey(row.user_id, row.period), row.event_count]));
}

async function insertLevels(
  transaction: DatabaseTransaction,
  mode: Mode,
  disks: readonly Disk[],
  eventCounts: Map<string, number>,
): Promise<void> {
  const levels = disks.flatMap(({ userId, resourceId, added }) =>
    added.map((level) => {
      // Numbered downwards from the total's new count.
      const key = totalKey(userId, billingPeriodOf(level.occurredAt));
      const number = eventCounts.get(key) ?? 0;
      eventCounts.set(key, number - 1);
      return { userId, resourceId, number, ...level };
    }),
  );
  await sql`
    INSERT INTO storage_levels (mode, user_id, resource_id, occurred_at, event_id, gb, number)
    SELECT ${mode}, * FROM unnest(
      ${levels.map((level) => level.userId)}::text[],
      ${levels.map((level) => level.resourceId)}::text[],
      ${levels.map((level) => level.occurredAt.toISOString())}::timestamptz[],
      ${levels.map((level) => level.eventId)}::text[],
      ${levels.map((level) => level.gb)}::numeric[],
      ${levels.map((level) => level.number)}::bigint[])`.execute(transaction);
}

/** First half of our advisory lock keys; any number will do that nobody else uses in this database. */
const DISK_LOCKS = 20_261;

/**
 * Makes transactions with levels of the same disk take turns until they end: each must see the other's levels, or both
 * would count the same stretch of time.
 *
 * A disk's lock is one of 1,024, shared with others of the same hash: PostgreSQL's lock table holds a few thousand, and a
 * batch may name a thousand disks.
 */
async function lockDisks(
  transaction: DatabaseTransaction,
  mode: Mode,
  disks: readonly Disk[],
): Promise<void> {
  const names = disks.map((disk) => JSON.stringify([mode, disk.userId, disk.resourceId]));
  await sql`
    SELECT pg_advisory_xact_lock(${DISK_LOCKS}::integer, bucket)
    FROM (
      SELECT DISTINCT (hashtextextended(name, 0) & 1023)::integer AS bucket
      FROM unnest(${names}::text[]) AS name
      ORDER BY bucket
    ) AS buckets`.execute(transaction);
}

/**
 * What was stored before of each disk, as far as {@link storageChanges} needs it: from the last instant before the earliest
 * added level to the first instant after the latest. All levels of those two instants, because which of several at one
 * instant holds is not the database's collation to decide.
 *
 * @returns for each disk, in their order, levels in no particular order.
 */
async function knownLevels(
  transaction: DatabaseTransaction,
  mode: Mode,
  disks: readonly Disk[],
): Promise<StorageLevel[][]> {
  const spans = disks.map((disk) => spanOf(disk.added));
  const { rows } = await sql<{ position: number; event_id: string; occurred_at: Date; gb: string }>`
    WITH spans AS MATERIALIZED (
      SELECT
        disk.*,
        coalesce((
          SELECT max(occurred_at) FROM storage_levels
          WHERE mode = ${mode} AND user_id = disk.user_id
            AND resource_id = disk.resource_id AND occurred_at < disk.first_at
        ), disk.first_at) AS since,
        coalesce((
          SELECT min(occurred_at) FROM storage_levels
          WHERE mode = ${mode} AND user_id = disk.user_id
            AND resource_id = disk.resource_id AND occurred_at > disk.last_at
        ), disk.last_at) AS until
      FROM unnest(
        ${disks.map((disk) => disk.userId)}::text[],
        ${disks.map((disk) => disk.resourceId)}::text[],
        ${spans.map((span) => span.first)}::timestamptz[],
        ${spans.map((span) => span.last)}::timestamptz[]
      ) WITH ORDINALITY AS disk (user_id, resource_id, first_at, last_at, position)
    )
    SELECT spans.position::integer, level.event_id, level.occurred_at, level.gb
    FROM spans
    CROSS JOIN LATERAL (
      SELECT event_id, occurred_at, gb FROM storage_levels
      WHERE mode = ${mode} AND user_id = spans.user_id
        AND resource_id = spans.resource_id AND occurred_at BETWEEN spans.since AND spans.until
      OFFSET 0 -- disk by disk along the index, whatever the planner makes of a table whose size it does not know yet
    ) AS level`.execute(transaction);
  const known = disks.map((): StorageLevel[] => []);
  for (const { position, event_id: eventId, occurred_at: occurredAt, gb } of rows)
    known[position - 1]?.push({ eventId, occurredAt, gb });
  return known;
}

function earliest(instants: readonly Date[]): string | null {
  return instants.length === 0 ? null : new Date(Math.min(...instants.map(Number))).toISOString();
}

function latest(instants: readonly Date[]): string | null {
  return instants.length === 0 ? null : new Date(Math.max(...instants.map(Number))).toISOString();
}

function spanOf(levels: readonly StorageLevel[]) {
  const instants = levels.map((level) => level.occurredAt);
  return { first: earliest(instants), last: latest(instants) };
}
