import { type Kysely, sql } from 'kysely';

/** Who is signed in to the admin's pages, for all processes of the api. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // connect-pg-simple reads and writes it, and has it so; nothing of ours does.
  await sql`
    CREATE TABLE admin_sessions (
      sid text PRIMARY KEY,               -- what the cookie holds, signed
      sess jsonb NOT NULL,
      expire timestamptz NOT NULL
    )`.execute(db);
  // Those that have ended are deleted every quarter of an hour.
  await sql`CREATE INDEX admin_sessions_by_end ON admin_sessions (expire)`.execute(db);
}
