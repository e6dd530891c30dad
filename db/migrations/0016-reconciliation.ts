import { type Kysely, sql } from 'kysely';

/** How far Stripe was compared with the database, and what was found. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE reconciliations (
      mode mode PRIMARY KEY,
      events_through bigint,              -- up to when all events were seen to, Unix seconds by Stripe's clock; null: never
      objects_compared_at bigint,         -- when the last comparison of all objects began, likewise
      last_run_at timestamptz NOT NULL,   -- when the last run ended, by the worker's clock, as all below
      last_full_run_at timestamptz,       -- when the last that compared all objects began
      -- A run looks at the meters of some customers; the next one goes on with this list, after this user.
      meters_part integer NOT NULL DEFAULT 0,
      meters_after text,                  -- null: with the first
      meters_since timestamptz            -- when the first was looked at
    )`.execute(db);

  await sql`
    CREATE TABLE reconciliation_findings (
      mode mode NOT NULL,
      code text NOT NULL,
      object_id text NOT NULL,            -- mostly an object of Stripe's; with the code what makes it the same finding
      user_id text,                       -- null: nobody's that we know
      what text NOT NULL,                 -- for a person
      fix text NOT NULL CHECK (fix IN ('repaired', 'proposed')),
      proposal text,                      -- what a person is to do
      first_seen_at timestamptz NOT NULL, -- the start of the run that found it first
      last_seen_at timestamptz NOT NULL,  -- and of the one that found it last
      resolved_at timestamptz,            -- null: open
      PRIMARY KEY (mode, code, object_id)
    )`.execute(db);
  // What is open: on the page, in the metrics, and at the end of each run.
  await sql`
    CREATE INDEX open_reconciliation_findings ON reconciliation_findings (mode, code)
      WHERE resolved_at IS NULL`.execute(db);

  // "Has anything come of this refund?"
  await sql`
    CREATE INDEX applied_stripe_events_by_object ON applied_stripe_events (mode, object_id)`.execute(db);
  // Bills whose invoice may have changed behind our back, page by page; those that are done with are by far the most.
  await sql`
    CREATE INDEX bills_not_done ON bills (mode, bill_id)
      WHERE status IN ('frozen', 'parked', 'open', 'payment_failed')`.execute(db);
}
