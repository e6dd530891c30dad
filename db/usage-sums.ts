import { sql } from 'kysely';
import { billingPeriodOf } from '../domain/billing-period.ts';
import type { Mode } from '../domain/mode.ts';
import { PRICE_LIST } from '../domain/price-list.ts';
import type { UsageEvent } from '../domain/usage-event.ts';
import type { DatabaseTransaction } from './database.ts';

/**
 * Stores the events among `added` whose product is summed, and adds them to the totals of their users, products and months:
 * one write for each total, in the order in which everyone locks them (user, product, period). An event gets its number
 * within its total, by which a bill's line knows what it is made of.
 */
export async function storeSums(
  transaction: DatabaseTransaction,
  mode: Mode,
  added: readonly UsageEvent[],
): Promise<void> {
  const events = added.filter((event) => PRICE_LIST[event.product].aggregation === 'sum');
  if (events.length === 0) return;
  await sql`
    WITH added AS MATERIALIZED (
      SELECT *, row_number() OVER (PARTITION BY user_id, product, period) AS nth
      FROM unnest(
        ${events.map((event) => event.id)}::text[],
        ${events.map((event) => event.userId)}::text[],
        ${events.map((event) => event.product)}::text[],
        ${events.map((event) => billingPeriodOf(event.occurredAt))}::text[],
        ${events.map((event) => event.quantity)}::numeric[],
        ${events.map((event) => event.occurredAt.toISOString())}::timestamptz[]
      ) AS event (event_id, user_id, product, period, quantity, occurred_at)
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
    )
    INSERT INTO usage_events (mode, event_id, user_id, product, quantity, occurred_at, number)
    SELECT ${mode}, event_id, user_id, product, quantity, occurred_at,
      event_count + 1 - nth
    FROM added JOIN grown USING (user_id, product, period)`.execute(transaction);
}

/** What each write of `usage_totals AS total` does with the `excluded` events it brings: counts them, and stretches their span. */
export const countEvents = sql`
  event_count = total.event_count + excluded.event_count,
  unbilled_first_at = CASE WHEN total.event_count = total.billed_event_count THEN excluded.unbilled_first_at
    ELSE least(total.unbilled_first_at, excluded.unbilled_first_at) END,
  unbilled_last_at = CASE WHEN total.event_count = total.billed_event_count THEN excluded.unbilled_last_at
    ELSE greatest(total.unbilled_last_at, excluded.unbilled_last_at) END`;
