import type { Mode } from '../domain/mode.ts';
import type { Database } from './database.ts';

/** Which of these events have had their effect already; they are written by `saveStanding`. */
export async function appliedEventIds(
  db: Database,
  mode: Mode,
  eventIds: readonly string[],
): Promise<Set<string>> {
  if (eventIds.length === 0) return new Set();
  const rows = await db
    .selectFrom('applied_stripe_events')
    .select('event_id')
    .where('mode', '=', mode)
    .where('event_id', 'in', eventIds)
    .execute();
  return new Set(rows.map((row) => row.event_id));
}
