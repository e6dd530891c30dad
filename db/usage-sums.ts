import { type RawBuilder, sql } from 'kysely';
import { billingPeriodOf } from '../domain/billing-period.ts';
import type { Mode } from '../domain/mode.ts';
import type { UsageEvent } from '../domain/usage-event.ts';
import type { DatabaseTransaction } from './database.ts';

/** An event as it was sent, with what tells a repetition from a contradiction (`usage_event_ids.content_hash`). */
export interface SentEvent {
  readonly event: UsageEvent;
  readonly contentHash: string;
}

/**
 * Stores the ids that are new, and of the new events those whose product is summed, and adds these to the totals of their
 * users, products and months: one write for each total. An event gets its number within its total, by which a bill's line
 * knows what it is made of. Waits for whoever is storing one of the ids right now.
 *
 * All in one statement, for this is what ingestion spends its time with: the events travel once, and only what was there
 * before comes back. Ids and totals are locked in the order in which everyone locks them.
 *
 * @param events of different ids; no text of theirs has a line break.
 * @returns the ids that were stored before.
 */
export async function storeIdsAndSums(
  transaction: DatabaseTransaction,
  mode: Mode,
  events: readonly SentEvent[],
): Promise<Set<string>> {
  if (events.length === 0) return new Set();
  const sorted = events.toSorted((a, b) => (a.event.id < b.event.id ? -1 : 1));
  const { rows } = await sql<{ event_id: string }>`
    WITH sent AS MATERIALIZED (
      SELECT * FROM unnest(
        ${column(sorted, ({ event }) => event.id)},
        ${column(sorted, ({ contentHash }) => contentHash)}::uuid[],
        ${column(sorted, ({ event }) => event.userId)},
        ${column(sorted, ({ event }) => event.product)},
        ${column(sorted, ({ event }) => billingPeriodOf(event.occurredAt))},
        ${column(sorted, ({ event }) => event.quantity)}::numeric[],
        ${column(sorted, ({ event }) => event.occurredAt.toISOString())}::timestamptz[]
      ) AS event (event_id, content_hash, user_id, product, period, quantity, occurred_at)
    ), new AS (
      INSERT INTO usage_event_ids (mode, event_id, content_hash)
      SELECT ${mode}, event_id, content_hash FROM sent
      ON CONFLICT (mode, event_id) DO NOTHING
      RETURNING event_id
    ), added AS MATERIALIZED (
      SELECT *, row_number() OVER (PARTITION BY user_id, product, period) AS nth
      FROM sent JOIN new USING (event_id)
      WHERE product <> 'storage_gb_month'
    ), grown AS (
      INSERT INTO usage_totals AS total (
        mode, user_id, product, period, used_quantity, event_count, unbilled_first_at, unbilled_last_at)
      SELECT ${mode}, user_id, product, period, sum(quantity), count(*), min(occurred_at), max(occurred_at)
      FROM added
      GROUP BY user_id, product, period
      ORDER BY user_id, product, period
      ON CONFLICT (mode, user_id, product, period) DO UPDATE SET
        used_quantity = total.used_quantity + excluded.used_quantity,
        ${countEvents}
      RETURNING user_id, product, period, event_count
    ), stored AS (
      INSERT INTO usage_events (mode, event_id, user_id, product, quantity, occurred_at, number)
      SELECT ${mode}, event_id, user_id, product, quantity, occurred_at, event_count + 1 - nth
      FROM added JOIN grown USING (user_id, product, period)
    )
    SELECT event_id FROM sent WHERE event_id NOT IN (SELECT event_id FROM new)`.execute(transaction);
  return new Set(rows.map((row) => row.event_id));
}

/** What each write of `usage_totals AS total` does with the `excluded` events it brings: counts them, and stretches their span. */
export const countEvents = sql`
  event_count = total.event_count + excluded.event_count,
  unbilled_first_at = CASE WHEN total.event_count = total.billed_event_count THEN excluded.unbilled_first_at
    ELSE least(total.unbilled_first_at, excluded.unbilled_first_at) END,
  unbilled_last_at = CASE WHEN total.event_count = total.billed_event_count THEN excluded.unbilled_last_at
    ELSE greatest(total.unbilled_last_at, excluded.unbilled_last_at) END`;

/** One text of a line for each event: several times cheaper to write and to read than an array of PostgreSQL's. */
function column(events: readonly SentEvent[], textOf: (sent: SentEvent) => string): RawBuilder<unknown> {
  return sql`string_to_array(${events.map(textOf).join('\n')}, E'\\n')`;
}
