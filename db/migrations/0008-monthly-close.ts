import { type Kysely, sql } from 'kysely';

/** A person in charge of the close: who decided what, and what of a bill a decision must know. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE bills
      ADD COLUMN invoicing_since timestamptz,  -- since when Stripe may know of it: from then on it can't be held
      ADD COLUMN skipped_at timestamptz        -- held, and the close does not wait for it`.execute(db);
  // Of bills from before, the first write that was intended says so.
  await sql`
    UPDATE bills SET invoicing_since = intended.key_issued_at
    FROM stripe_writes AS intended
    WHERE intended.mode = bills.mode AND intended.write_key = 'bill:' || bills.bill_id || ':draft'`.execute(
    db,
  );

  await sql`
    CREATE TABLE close_decisions (
      mode mode NOT NULL,
      decision_id text NOT NULL,          -- of the update that asked for it: decided once
      period billing_period NOT NULL,
      type text NOT NULL CHECK (type IN ('approve', 'hold', 'release', 'skip', 'retryParked')),
      bill_ids text[] NOT NULL,           -- none: the month
      decided_by text NOT NULL,
      reason text,
      decided_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (decision_id, mode)
    )`.execute(db);
  // What was decided about a month?
  await sql`CREATE INDEX close_decisions_by_period ON close_decisions (period, mode)`.execute(db);
}
