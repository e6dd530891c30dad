import { type Kysely, sql } from 'kysely';

/** A bill with more lines than Stripe takes on an invoice is several: its parts. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE bills
      ADD COLUMN part integer NOT NULL DEFAULT 1,   -- which part of the month's bill, from 1 …
      ADD COLUMN parts integer NOT NULL DEFAULT 1,  -- … to this
      ADD CHECK (part BETWEEN 1 AND parts),
      DROP CONSTRAINT bills_mode_user_id_period_kind_key,
      ADD UNIQUE (mode, user_id, period, kind, part)  -- a month is billed once`.execute(db);
}
