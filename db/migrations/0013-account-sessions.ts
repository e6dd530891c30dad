import { type Kysely, sql } from 'kysely';

/** Who is signed in to the account page, for all processes of the api, and which links have been used. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // connect-pg-simple reads and writes it, and has it so; nothing of ours does.
  await sql`
    CREATE TABLE account_sessions (
      sid text PRIMARY KEY,               -- what the cookie holds, signed
      sess jsonb NOT NULL,
      expire timestamptz NOT NULL
    )`.execute(db);
  // Those that have ended are deleted every quarter of an hour.
  await sql`CREATE INDEX account_sessions_by_end ON account_sessions (expire)`.execute(db);

  await sql`
    CREATE TABLE used_account_links (
      mode mode NOT NULL,
      link_id text NOT NULL,              -- the host product's "jti": a link opens the page once
      expires_at timestamptz NOT NULL,    -- then the link is refused in any case, and the row is deleted
      PRIMARY KEY (link_id, mode)
    )`.execute(db);
  await sql`CREATE INDEX used_account_links_by_end ON used_account_links (expires_at)`.execute(db);
}
