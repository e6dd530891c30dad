import { type Kysely, sql } from 'kysely';

/** Credits in lots: each grant is used up, taken back and expires by itself; and no lot is ever overdrawn. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Entries from before join one lot of each user, which never expires. A default reaches them without an update.
  await sql`
    ALTER TABLE credit_entries
      ADD COLUMN lot text NOT NULL DEFAULT 'opening',  -- the cause of the entry that granted what this one draws on
      ADD COLUMN expires_at timestamptz,  -- of the entry that grants: from then on the lot pays nothing; null: never
      ADD CHECK (expires_at IS NULL OR (cause = lot AND amount_cents > 0)),
      DROP CONSTRAINT credit_entries_mode_cause_key,
      ADD UNIQUE (cause, lot, mode)       -- one cause may draw on several lots, on each once`.execute(db);
  await sql`ALTER TABLE credit_entries ALTER COLUMN lot DROP DEFAULT`.execute(db);

  // What is left of each of a user's lots, and of one.
  await sql`
    CREATE INDEX credit_entries_by_lot ON credit_entries (mode, user_id, lot) INCLUDE (amount_cents)`.execute(
    db,
  );
  await sql`DROP INDEX credit_entries_by_user`.execute(db);
  // Whose lots have expired?
  await sql`
    CREATE INDEX credit_entries_that_expire ON credit_entries (mode, user_id, expires_at)
      WHERE expires_at IS NOT NULL`.execute(db);

  // The user's row is the lock that the code takes as well. Above read committed the sum would be one of before the lock.
  await sql`
    CREATE FUNCTION refuse_overdrawn_lot() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE left_cents numeric;
    BEGIN
      IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'credits are taken in read committed transactions only';
      END IF;
      PERFORM FROM users WHERE mode = NEW.mode AND user_id = NEW.user_id FOR NO KEY UPDATE;
      SELECT sum(amount_cents) INTO left_cents FROM credit_entries
        WHERE mode = NEW.mode AND user_id = NEW.user_id AND lot = NEW.lot;
      IF left_cents < 0 THEN
        RAISE EXCEPTION 'the credits of % of % would be overdrawn by % cents', NEW.lot, NEW.user_id, -left_cents
          USING ERRCODE = 'check_violation';
      END IF;
      RETURN NULL;
    END $$`.execute(db);
  await sql`
    CREATE TRIGGER credit_lots_never_negative AFTER INSERT ON credit_entries
      FOR EACH ROW WHEN (NEW.amount_cents < 0) EXECUTE FUNCTION refuse_overdrawn_lot()`.execute(db);
}
