import { sql } from 'kysely';
import type { Database } from '../db/database.ts';
import { withUsagePartitions } from '../db/usage-partitions.ts';
import { type BillingPeriod, periodStart } from '../domain/billing-period.ts';
import type { Mode } from '../domain/mode.ts';

/** Usage as it would have come in, evenly over users and months. */
export interface UsageHistory {
  readonly mode: Mode;
  readonly users: number;
  /** Months that follow each other. */
  readonly periods: readonly BillingPeriod[];
  readonly events: number;
}

/** Bounds what PostgreSQL keeps between the generated events and the tables they go to. */
const EVENTS_PER_STATEMENT = 1_000_000;

/**
 * Fills the tables of usage as ingestion would have, some 100 times as fast: PostgreSQL makes up the events by itself, and
 * the totals come from them at the end. Only the hashes in `usage_event_ids` are none, so nothing of this can be sent again.
 */
export async function writeUsageHistory(db: Database, history: UsageHistory): Promise<void> {
  const { mode, users } = history;
  await sql`
    INSERT INTO users (mode, user_id, email, name)
    SELECT ${mode}, 'user-' || number, 'user-' || number || '@example.com', 'Somebody'
    FROM generate_series(0, ${users}::integer - 1) AS number`.execute(db);
  for (let from = 0; from < history.events; from += EVENTS_PER_STATEMENT)
    await writeEvents(db, history, from, Math.min(from + EVENTS_PER_STATEMENT, history.events));
  await totalSums(db);
  await totalLevels(db);
}

/** Event `n` is the `k`th of its user and month. Every 20th is a level of the user's disk, the others are of three products. */
async function writeEvents(db: Database, history: UsageHistory, from: number, to: number): Promise<void> {
  const { mode, users, periods, events } = history;
  const starts = periods.map((period) => periodStart(period));
  const perUserAndMonth = Math.ceil(events / users / periods.length);
  const write = () =>
    sql`
      WITH event AS MATERIALIZED (
        SELECT
          n, 'event-' || lpad(n::text, 30, '0') AS event_id, -- as long as a uuid, and made in a tenth of the time
          'user-' || n % ${users} AS user_id,
          CASE WHEN k % 20 = 0 THEN 'storage_gb_month'
            ELSE (ARRAY['api_calls', 'cpu_hour', 'gpu_hour'])[k % 20 % 3 + 1] END AS product,
          n % 99991 / 1000.0 AS quantity,
          date_trunc('milliseconds', start + (k + 0.5) / ${perUserAndMonth} * interval '28 days') AS occurred_at,
          CASE WHEN k % 20 = 0 THEN k / 20 + 1
            ELSE k / 20 * CASE k % 20 % 3 WHEN 1 THEN 7 ELSE 6 END + (k % 20 - 1) / 3 + 1 END AS number
        FROM generate_series(${from}::bigint, ${to}::bigint - 1) AS n
        CROSS JOIN LATERAL (SELECT
          n / (${users}::bigint * ${periods.length}) AS k,
          (${starts.map((start) => start.toISOString())}::timestamptz[])[n / ${users} % ${periods.length} + 1] AS start
        ) AS place
      ), known AS (
        INSERT INTO usage_event_ids (mode, event_id, content_hash)
        SELECT ${mode}, event_id, n FROM event
      ), levels AS (
        INSERT INTO storage_levels (mode, user_id, resource_id, occurred_at, event_id, gb, number)
        SELECT ${mode}, user_id, 'disk', occurred_at, event_id, quantity, number FROM event
        WHERE product = 'storage_gb_month'
      )
      INSERT INTO usage_events (mode, event_id, user_id, product, quantity, occurred_at, number)
      SELECT ${mode}, event_id, user_id, product, quantity, occurred_at, number FROM event
      WHERE product <> 'storage_gb_month'`.execute(db);
  await withUsagePartitions(db, starts, write);
}

async function totalSums(db: Database): Promise<void> {
  await sql`
    INSERT INTO usage_totals (
      mode, user_id, product, period, used_quantity, event_count, unbilled_first_at, unbilled_last_at)
    SELECT mode, user_id, product, to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM') AS period,
      sum(quantity), count(*), min(occurred_at), max(occurred_at)
    FROM usage_events
    GROUP BY mode, user_id, product, period`.execute(db);
  await sql`
    INSERT INTO usage_by_day (mode, user_id, product, day, quantity)
    SELECT mode, user_id, product, (occurred_at AT TIME ZONE 'UTC')::date AS day, sum(quantity)
    FROM usage_events
    GROUP BY mode, user_id, product, day`.execute(db);
}

/** As domain/storage.ts has it: a level changes its month by the time that is left of it, and later months whole. */
async function totalLevels(db: Database): Promise<void> {
  await sql`
    INSERT INTO usage_totals (
      mode, user_id, product, period, used_quantity, level_change_gb, event_count, unbilled_first_at, unbilled_last_at)
    SELECT mode, user_id, 'storage_gb_month', to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM') AS period,
      sum(change * ms_left), sum(change), count(*), min(occurred_at), max(occurred_at)
    FROM (
      SELECT *,
        gb - lag(gb, 1, 0) OVER (PARTITION BY mode, user_id, resource_id ORDER BY occurred_at, event_id) AS change,
        1000 * extract(epoch FROM
          date_add(date_trunc('month', occurred_at, 'UTC'), '1 month', 'UTC') - occurred_at) AS ms_left
      FROM storage_levels
    ) AS level
    GROUP BY mode, user_id, period`.execute(db);
}
