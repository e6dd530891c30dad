import { sql } from 'kysely';
import type { Mode } from '../domain/mode.ts';
import type { StorageLevel } from '../domain/storage.ts';
import type { DatabaseTransaction } from './database.ts';

/** One thing that holds storage, with the levels a transaction has just stored for it (at least one). */
export interface Disk {
  readonly userId: string;
  readonly resourceId: string;
  readonly added: readonly StorageLevel[];
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
export async function lockDisks(
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
export async function knownLevels(
  transaction: DatabaseTransaction,
  mode: Mode,
  disks: readonly Disk[],
): Promise<StorageLevel[][]> {
  const spans = disks.map((disk) => spanOf(disk.added));
  const { rows } = await sql<{ position: number; event_id: string; occurred_at: Date; quantity: string }>`
    WITH spans AS MATERIALIZED (
      SELECT
        disk.*,
        coalesce((
          SELECT max(occurred_at) FROM usage_events
          WHERE mode = ${mode} AND user_id = disk.user_id AND product = 'storage_gb_month'
            AND resource_id = disk.resource_id AND occurred_at < disk.first_at
        ), disk.first_at) AS since,
        coalesce((
          SELECT min(occurred_at) FROM usage_events
          WHERE mode = ${mode} AND user_id = disk.user_id AND product = 'storage_gb_month'
            AND resource_id = disk.resource_id AND occurred_at > disk.last_at
        ), disk.last_at) AS until
      FROM unnest(
        ${disks.map((disk) => disk.userId)}::text[],
        ${disks.map((disk) => disk.resourceId)}::text[],
        ${spans.map((span) => span.first)}::timestamptz[],
        ${spans.map((span) => span.last)}::timestamptz[]
      ) WITH ORDINALITY AS disk (user_id, resource_id, first_at, last_at, position)
    )
    SELECT spans.position::integer, level.event_id, level.occurred_at, level.quantity
    FROM spans
    CROSS JOIN LATERAL (
      SELECT event_id, occurred_at, quantity FROM usage_events
      WHERE mode = ${mode} AND user_id = spans.user_id AND product = 'storage_gb_month'
        AND resource_id = spans.resource_id AND occurred_at BETWEEN spans.since AND spans.until
      OFFSET 0 -- disk by disk along the index, whatever the planner makes of a table whose size it does not know yet
    ) AS level`.execute(transaction);
  const added = new Set(disks.flatMap((disk) => disk.added.map((level) => level.eventId)));
  const known = disks.map((): StorageLevel[] => []);
  for (const { position, event_id: eventId, occurred_at: occurredAt, quantity: gb } of rows) {
    if (!added.has(eventId)) known[position - 1]?.push({ eventId, occurredAt, gb });
  }
  return known;
}

function spanOf(levels: readonly StorageLevel[]): { readonly first: string; readonly last: string } {
  const instants = levels.map((level) => level.occurredAt.getTime());
  return {
    first: new Date(Math.min(...instants)).toISOString(),
    last: new Date(Math.max(...instants)).toISOString(),
  };
}
