import { type Kysely, sql } from 'kysely';

/** A person's data can go: who they were is emptied, what was billed to whom stays. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE users
      ADD COLUMN erased_at timestamptz   -- since when nothing of theirs is taken any more; null: they were not erased
    `.execute(db);

  // What was decided stays on record; what was said about a person goes with them. The setting is of one transaction (db/erasure.ts).
  await sql`DROP TRIGGER operator_decisions_never_change ON operator_decisions`.execute(db);
  await sql`
    CREATE TRIGGER operator_decisions_never_change BEFORE UPDATE OR DELETE ON operator_decisions
      FOR EACH ROW WHEN (current_setting('durable_billing.erases', true) IS DISTINCT FROM 'yes')
      EXECUTE FUNCTION refuse_change()`.execute(db);
}
