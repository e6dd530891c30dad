import { type Kysely, sql } from 'kysely';

/** When this database was put back to a backup: what was done after it is not known here, and may be there in Stripe. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE restores (
      restored_at timestamptz PRIMARY KEY DEFAULT now(),  -- for some weeks from then on every write looks first
      backup_at timestamptz NOT NULL      -- what was made in Stripe from then on may be missing here
    )`.execute(db);
}
