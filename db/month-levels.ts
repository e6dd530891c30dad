import { sql } from 'kysely';
import { type BillingPeriod, periodEnd, periodStart } from '../domain/billing-period.ts';
import type { UserKey } from '../domain/customer-key.ts';
import type { StorageLevel } from '../domain/storage.ts';
import type { Database } from './database.ts';

/**
 * The levels that a month's storage comes from: of each of the user's disks those in the month, and those of the last instant
 * before it. Levels of earlier years are not read, however many there are.
 *
 * @returns by the resource's id, each in no order.
 */
export async function loadMonthLevels(
  db: Database,
  { mode, userId }: UserKey,
  period: BillingPeriod,
): Promise<Map<string, StorageLevel[]>> {
  const { rows } = await sql<{ resource_id: string; event_id: string; occurred_at: Date; gb: string }>`
    WITH RECURSIVE disk AS ( -- from one to the next along the index
      SELECT (SELECT min(resource_id) FROM storage_levels WHERE mode = ${mode} AND user_id = ${userId}) AS resource_id
      UNION ALL
      SELECT (
        SELECT min(resource_id) FROM storage_levels
        WHERE mode = ${mode} AND user_id = ${userId} AND resource_id > disk.resource_id
      ) FROM disk WHERE resource_id IS NOT NULL
    )
    SELECT disk.resource_id, level.event_id, level.occurred_at, level.gb
    FROM disk
    CROSS JOIN LATERAL (
      SELECT event_id, occurred_at, gb FROM storage_levels
      WHERE mode = ${mode} AND user_id = ${userId} AND resource_id = disk.resource_id
        AND occurred_at < ${periodEnd(period)}
        AND occurred_at >= coalesce((
          SELECT max(occurred_at) FROM storage_levels
          WHERE mode = ${mode} AND user_id = ${userId} AND resource_id = disk.resource_id
            AND occurred_at <= ${periodStart(period)}
        ), ${periodStart(period)})
      OFFSET 0 -- disk by disk along the index, as in db/storage-levels.ts
    ) AS level`.execute(db);
  const disks = new Map<string, StorageLevel[]>();
  for (const { resource_id: resourceId, event_id: eventId, occurred_at: occurredAt, gb } of rows) {
    const levels = disks.get(resourceId) ?? [];
    levels.push({ eventId, occurredAt, gb });
    disks.set(resourceId, levels);
  }
  return disks;
}
