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

export interface AppliedEvent {
  readonly eventId: string;
  readonly type: string;
  /** What it was about, such as `in_…`. */
  readonly objectId: string;
  readonly appliedAt: Date;
}

/** The events of a customer that have had their effect, newest first. */
export async function listAppliedEvents(
  db: Database,
  { mode, stripeCustomerId }: { readonly mode: Mode; readonly stripeCustomerId: string },
  limit: number,
): Promise<AppliedEvent[]> {
  const rows = await db
    .selectFrom('applied_stripe_events')
    .selectAll()
    .where('mode', '=', mode)
    .where('stripe_customer_id', '=', stripeCustomerId)
    .orderBy('applied_at', 'desc')
    .orderBy('event_id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    eventId: row.event_id,
    type: row.type,
    objectId: row.object_id,
    appliedAt: row.applied_at,
  }));
}
