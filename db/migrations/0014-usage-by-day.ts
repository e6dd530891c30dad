import { type Kysely, sql } from 'kysely';

/** What was used on which day, for customers to look at. Bills are made of usage_totals alone. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE usage_by_day (
      mode mode NOT NULL,
      user_id text NOT NULL,
      product text NOT NULL,              -- one that is summed: what is held on a day is computed from storage_levels
      day date NOT NULL,                  -- in UTC
      quantity numeric NOT NULL,          -- in the unit of the price list
      -- The days of a user's month. Led by what tells rows apart: see 0005.
      PRIMARY KEY (user_id, day, product, mode)
    ) WITH (fillfactor = 50)`.execute(db); // Room for the next version of a row beside it, as in usage_totals.

  // What is being stored is committed before, and counted here, or waits and is counted where it is stored.
  await sql`LOCK TABLE usage_events IN SHARE MODE`.execute(db);
  // Months whose raw events were dropped have no days.
  await sql`
    INSERT INTO usage_by_day (mode, user_id, product, day, quantity)
    SELECT mode, user_id, product, (occurred_at AT TIME ZONE 'UTC')::date AS day, sum(quantity)
    FROM usage_events GROUP BY mode, user_id, product, day`.execute(db);
}
