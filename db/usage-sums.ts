import { type RawBuilder, sql } from 'kysely';
import type { Mode } from '../domain/mode.ts';
import { withoutNeedlessZeros } from '../domain/money.ts';
import { LEVEL_PRODUCT } from '../domain/price-list.ts';
import type { UsageEvent } from '../domain/usage-event.ts';
import type { DatabaseTransaction } from './database.ts';

/**
 * Stores the ids, and of the events those whose product is summed, and adds these to the totals of their users, products and
 * months, and to what was used by day: one write for each. An event gets its number within its total, by which a bill's line knows what it is made
 * of. Waits for whoever is storing one of the ids right now.
 *
 * All in one statement, for this is what ingestion spends its time with: the events travel once, and only what was there
 * before comes back. Ids and totals are locked in the order in which everyone locks them.
 *
 * @param events of different ids; no text of theirs has a line break.
 * @param ofKnownIds `fail`: a unique violation when an id was stored before, which is much cheaper to find out; `skip`: such an
 *   event is left out.
 * @returns the ids that were stored before.
 */
export async function storeIdsAndSums(
  transaction: DatabaseTransaction,
  mode: Mode,
  events: readonly UsageEvent[],
  ofKnownIds: 'fail' | 'skip',
): Promise<Set<string>> {
  if (events.length === 0) return new Set();
  const sorted = events.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const { rows } = await sql<{ event_id: string }>`
    WITH sent AS MATERIALIZED (
      SELECT event_id, user_id, product, left(occurred_at, 7) AS period, left(occurred_at, 10)::date AS day,
        quantity::numeric, occurred_at::timestamptz, ${hashOfContent} AS content_hash
      FROM unnest(
        ${column(sorted, (event) => event.id)},
        ${contentColumns(sorted)}
      ) AS event (event_id, user_id, product, quantity, occurred_at, resource_id)
    ), new AS (
      INSERT INTO usage_event_ids (mode, event_id, content_hash)
      SELECT ${mode}, event_id, content_hash FROM sent
      ${ofKnownIds === 'skip' ? sql`ON CONFLICT (mode, event_id) DO NOTHING` : sql``}
      RETURNING event_id
    ), added AS MATERIALIZED (
      SELECT *, row_number() OVER (PARTITION BY user_id, product, period) AS nth
      FROM sent JOIN new USING (event_id)
      WHERE product <> ${LEVEL_PRODUCT}
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
    ), grown_days AS (
      INSERT INTO usage_by_day AS total (mode, user_id, product, day, quantity)
      SELECT ${mode}, user_id, product, day, sum(quantity)
      FROM added
      WHERE (SELECT count(*) FROM grown) > 0 -- After all totals: who grows a day holds the total of its month, and none waits here.
      GROUP BY user_id, product, day
      ON CONFLICT (user_id, day, product, mode) DO UPDATE SET quantity = total.quantity + excluded.quantity
    ), stored AS (
      INSERT INTO usage_events (mode, event_id, user_id, product, quantity, occurred_at, number)
      SELECT ${mode}, event_id, user_id, product, quantity, occurred_at, event_count + 1 - nth
      FROM added JOIN grown USING (user_id, product, period)
    )
    SELECT event_id FROM sent WHERE event_id NOT IN (SELECT event_id FROM new)`.execute(transaction);
  return new Set(rows.map((row) => row.event_id));
}

/** @returns those of the events, whose ids are all stored, that say what was stored under their id. */
export async function repetitionsAmong(
  transaction: DatabaseTransaction,
  mode: Mode,
  events: readonly UsageEvent[],
): Promise<Set<UsageEvent>> {
  if (events.length === 0) return new Set();
  const { rows } = await sql<{ position: number }>`
    SELECT position FROM unnest(
      ${column(events, (event) => event.id)},
      ${contentColumns(events)}
    ) WITH ORDINALITY AS event (event_id, user_id, product, quantity, occurred_at, resource_id, position)
    JOIN usage_event_ids AS known ON known.mode = ${mode} AND known.event_id = event.event_id
    WHERE known.content_hash = ${hashOfContent}`.execute(transaction);
  const positions = new Set(rows.map((row) => row.position));
  return new Set(events.filter((_, index) => positions.has(index + 1)));
}

/**
 * What an event says, in 64 bits: by PostgreSQL, where it costs next to nothing. A sender who wants to deceive themselves could;
 * nobody else is concerned.
 */
const hashOfContent = sql`hashtextextended(concat_ws(E'\\n', user_id, product, quantity, occurred_at, coalesce(resource_id, '')), 0)`;

/** The columns that {@link hashOfContent} reads. */
function contentColumns(events: readonly UsageEvent[]): RawBuilder<unknown> {
  return sql.join([
    column(events, (event) => event.userId),
    column(events, (event) => event.product),
    column(events, (event) => withoutNeedlessZeros(event.quantity)),
    column(events, (event) => event.occurredAt.toISOString()),
    column(events, (event) => event.resourceId ?? ''),
  ]);
}

/** What each write of `usage_totals AS total` does with the `excluded` events it brings: counts them, and stretches their span. */
export const countEvents = sql`
  event_count = total.event_count + excluded.event_count,
  unbilled_first_at = CASE WHEN total.event_count = total.billed_event_count THEN excluded.unbilled_first_at
    ELSE least(total.unbilled_first_at, excluded.unbilled_first_at) END,
  unbilled_last_at = CASE WHEN total.event_count = total.billed_event_count THEN excluded.unbilled_last_at
    ELSE greatest(total.unbilled_last_at, excluded.unbilled_last_at) END`;

/** One text of a line for each event: several times cheaper to write and to read than an array of PostgreSQL's. */
function column(events: readonly UsageEvent[], textOf: (event: UsageEvent) => string): RawBuilder<unknown> {
  return sql`string_to_array(${events.map(textOf).join('\n')}, E'\\n')`;
}
