import { type Kysely, sql } from 'kysely';

/** What operators need to list API keys, and to revoke one: a name for the key that is no secret. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE api_keys
      ADD COLUMN key_id text,               -- shown to operators: eight characters of the key, or twelve of its hash
      ADD COLUMN last_used_at timestamptz   -- to the minute; null: never`.execute(db);
  // Of keys that exist only the hash is known.
  await sql`UPDATE api_keys SET key_id = left(encode(key_hash, 'hex'), 12)`.execute(db);
  // Which key is to be revoked?
  await sql`ALTER TABLE api_keys ALTER COLUMN key_id SET NOT NULL, ADD UNIQUE (key_id)`.execute(db);
}
