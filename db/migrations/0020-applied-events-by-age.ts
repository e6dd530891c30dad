import { type Kysely, sql } from 'kysely';

/** Which events are old enough to be forgotten? They are written in the order of their times, so some kilobytes tell it of millions. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE INDEX IF NOT EXISTS applied_stripe_events_by_age ON applied_stripe_events USING brin (applied_at)`.execute(
    db,
  );
}
