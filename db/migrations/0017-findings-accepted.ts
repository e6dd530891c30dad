import { type Kysely, sql } from 'kysely';

/**
 * How old what a finding is about is: only a run that reads so far back can tell that it is so no more. And who is asked to do something
 * about it can say that it is to be so.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // From when on must objects be read, so that all open findings are looked at again?
  await sql`
    ALTER TABLE reconciliation_findings
      ADD COLUMN object_created bigint,   -- when Stripe made the object, Unix seconds by its clock; null: its list is always read whole
      ADD COLUMN accepted_at timestamptz  -- since when it wants nobody any more, as long as it is described the same; null: nobody said so
    `.execute(db);
}
