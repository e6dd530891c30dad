import { type Kysely, sql } from 'kysely';

/**
 * Raw usage by month, so that old months can be dropped whole; ids, levels, and what a bill's line was made of, in tables
 * that outlive them. Prices by the month they begin with.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE usage_events RENAME TO usage_events_before`.execute(db);
  await sql`DROP INDEX storage_levels`.execute(db); // Its name is a table's now.

  await sql`
    CREATE TABLE usage_event_ids (
      mode mode NOT NULL,
      event_id text NOT NULL,             -- the host product's: the same id is the same event, whatever month it names
      content_hash bigint NOT NULL,       -- of what the event says (db/usage-sums.ts): a repetition or a contradiction?
      PRIMARY KEY (event_id, mode)
    )`.execute(db);

  // No key and no foreign key: usage_event_ids has seen to the one, usage_totals to the other, in the same transaction.
  await sql`
    CREATE TABLE usage_events (
      mode mode NOT NULL,
      event_id text NOT NULL,
      user_id text NOT NULL,
      product text NOT NULL,              -- one that is summed: levels are in storage_levels
      quantity numeric NOT NULL CHECK (quantity >= 0),
      occurred_at timestamptz NOT NULL,
      received_at timestamptz NOT NULL DEFAULT now(),
      number bigint NOT NULL              -- within its total, from 1, in the order of arrival
    ) PARTITION BY RANGE (occurred_at)`.execute(db);

  await sql`
    CREATE TABLE storage_levels (
      mode mode NOT NULL,
      user_id text NOT NULL,
      resource_id text NOT NULL,          -- which disk
      occurred_at timestamptz NOT NULL,   -- from when it holds this much, until its next level
      event_id text NOT NULL,
      gb numeric NOT NULL CHECK (gb >= 0),
      received_at timestamptz NOT NULL DEFAULT now(),
      number bigint NOT NULL,             -- as in usage_events
      -- The levels before and after a new one of the same disk.
      PRIMARY KEY (mode, user_id, resource_id, occurred_at, event_id)
    )`.execute(db);

  await sql`
    ALTER TABLE usage_totals
      ADD COLUMN event_count bigint NOT NULL DEFAULT 0,         -- its events are numbered 1 to this
      ADD COLUMN billed_event_count bigint NOT NULL DEFAULT 0,  -- those up to this number are on frozen bills
      ADD COLUMN unbilled_first_at timestamptz,                 -- when the earliest of the others occurred
      ADD COLUMN unbilled_last_at timestamptz`.execute(db);

  await sql`
    ALTER TABLE bill_lines
      ADD COLUMN events_before bigint,     -- the line holds the events of its total numbered above this …
      ADD COLUMN events_through bigint,    -- … up to this; null: of before this was kept, or credits
      ADD COLUMN first_event_at timestamptz,
      ADD COLUMN last_event_at timestamptz`.execute(db);
  await sql`
    ALTER TABLE bills
      ADD COLUMN workflow_id text,         -- the workflow that froze it, and its run; null: none did
      ADD COLUMN workflow_run_id text`.execute(db);

  await sql`
    CREATE TABLE price_changes (
      mode mode NOT NULL,
      product text NOT NULL CHECK (product <> 'credits'),
      from_period billing_period NOT NULL,  -- usage of this month and later, until the next change
      unit_price_cents numeric NOT NULL CHECK (unit_price_cents > 0),
      changed_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (mode, product, from_period),
      FOREIGN KEY (mode, product) REFERENCES stripe_products (mode, product)
    )`.execute(db);

  await sql`ALTER TABLE usage_totals SET (fillfactor = 50)`.execute(db); // Room for the next version of a row beside it.
  // Led by what tells rows apart. An index on (mode, …) looks as good as the primary key to a planner that has no statistics yet,
  // and is read from end to end for one row.
  for (const [index, table, column] of [
    ['users_by_stripe_customer', 'users', 'stripe_customer_id'],
    ['bills_by_stripe_invoice', 'bills', 'stripe_invoice_id'],
  ] as const) {
    await sql`DROP INDEX ${sql.ref(index)}`.execute(db);
    await sql`CREATE UNIQUE INDEX ${sql.ref(index)} ON ${sql.table(table)} (${sql.ref(column)}, mode)`.execute(
      db,
    );
  }
  await moveUsage(db);
}

async function moveUsage(db: Kysely<unknown>): Promise<void> {
  await sql`
    INSERT INTO usage_event_ids
    SELECT mode, event_id, hashtextextended(concat_ws(E'\n', user_id, product, trim_scale(quantity)::text,
      to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), coalesce(resource_id, '')), 0)
    FROM usage_events_before`.execute(db);
  await sql`
    CREATE TEMPORARY TABLE numbered ON COMMIT DROP AS
    SELECT *, to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM') AS period, row_number() OVER (
      PARTITION BY mode, user_id, product, date_trunc('month', occurred_at, 'UTC') ORDER BY received_at, event_id
    ) AS number FROM usage_events_before`.execute(db);
  await sql`
    UPDATE usage_totals AS total SET
      event_count = counted.events,
      billed_event_count = CASE WHEN billed_quantity = 0 THEN 0 ELSE counted.events END,
      unbilled_first_at = counted.first_at,
      unbilled_last_at = counted.last_at
    FROM (
      SELECT mode, user_id, product, period, count(*) AS events, min(occurred_at) AS first_at, max(occurred_at) AS last_at
      FROM numbered GROUP BY mode, user_id, product, period
    ) AS counted
    WHERE (total.mode, total.user_id, total.product, total.period)
      = (counted.mode, counted.user_id, counted.product, counted.period)`.execute(db);
  await sql`
    INSERT INTO storage_levels (mode, user_id, resource_id, occurred_at, event_id, gb, received_at, number)
    SELECT mode, user_id, resource_id, occurred_at, event_id, quantity, received_at, number
    FROM numbered WHERE product = 'storage_gb_month'`.execute(db);
  const { rows } = await sql<{ period: string; first: string; next: string }>`
    SELECT period, period || '-01T00:00:00Z' AS first,
      to_char(to_date(period, 'YYYY-MM') + interval '1 month', 'YYYY-MM') || '-01T00:00:00Z' AS next
    FROM numbered WHERE product <> 'storage_gb_month' GROUP BY period`.execute(db);
  for (const { period, first, next } of rows) {
    await sql`
      CREATE TABLE ${sql.table(`usage_events_${period.replace('-', '_')}`)} PARTITION OF usage_events
      FOR VALUES FROM (${sql.lit(first)}) TO (${sql.lit(next)})`.execute(db);
  }
  await sql`
    INSERT INTO usage_events (mode, event_id, user_id, product, quantity, occurred_at, received_at, number)
    SELECT mode, event_id, user_id, product, quantity, occurred_at, received_at, number
    FROM numbered WHERE product <> 'storage_gb_month'`.execute(db);
  await sql`DROP TABLE usage_events_before`.execute(db);
}
