import { type Kysely, sql } from 'kysely';

/** What the customer's life needs besides: operators' decisions, dunning, the queue for clusters, refunds and disputes. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE users
      ADD COLUMN status_since timestamptz NOT NULL DEFAULT now(),  -- since when status and waiting_for are what they are
      ADD COLUMN status_object_id text,          -- the Stripe object that caused the status, such as an unpaid invoice
      ADD COLUMN known_payment_method_ids text[] NOT NULL DEFAULT '{}',  -- attached when last looked: another is new
      ADD COLUMN grace_extended_until timestamptz,  -- by an operator; forgotten when nothing is owed any more
      ADD COLUMN suspended_by text,              -- the operator who suspended them; null: no operator did
      ADD COLUMN suspended_reason text,
      ADD COLUMN cluster_wanted_at timestamptz,  -- since when they wait for a place; stays until they know of one
      -- refunded after it was used: taken from later credits
      ADD COLUMN credit_shortfall_cents bigint NOT NULL DEFAULT 0 CHECK (credit_shortfall_cents >= 0),
      ADD CHECK ((suspended_by IS NULL) = (suspended_reason IS NULL))`.execute(db);
  // Who gets the next free place, and who has one and does not know it?
  await sql`
    CREATE INDEX users_waiting_for_cluster ON users (mode, cluster_wanted_at, user_id)
      WHERE cluster_wanted_at IS NOT NULL`.execute(db);

  await sql`
    ALTER TABLE bills
      ADD COLUMN hosted_invoice_url text,        -- Stripe's page where the customer can pay or confirm
      ADD COLUMN failed_payment_method_id text,  -- what the last attempt was to be paid with
      ADD COLUMN stripe_retries_at timestamptz,  -- Stripe's own next attempt; null: it plans none
      ADD COLUMN stripe_has_retried boolean NOT NULL DEFAULT false,
      ADD COLUMN needs_customer_action boolean NOT NULL DEFAULT false,  -- their bank wants to see them
      ADD COLUMN is_collectible boolean NOT NULL DEFAULT true,  -- false: written off in Stripe, and owed all the same
      ADD COLUMN collection_attempts integer NOT NULL DEFAULT 0,  -- how often we had it charged
      ADD COLUMN last_collection_at timestamptz,
      ADD COLUMN refunded_cents bigint NOT NULL DEFAULT 0 CHECK (refunded_cents >= 0)`.execute(db);

  await sql`
    CREATE TABLE operator_decisions (
      mode mode NOT NULL,
      decision_id text NOT NULL,          -- the update's id in Temporal: a decision counts once
      user_id text NOT NULL,
      type text NOT NULL,                 -- extendGrace, suspend, reactivate
      decided_by text NOT NULL,
      details jsonb NOT NULL,
      decided_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (mode, decision_id),
      FOREIGN KEY (mode, user_id) REFERENCES users (mode, user_id)
    )`.execute(db);
  // A customer's decisions, newest last.
  await sql`CREATE INDEX operator_decisions_by_user ON operator_decisions (mode, user_id, decided_at)`.execute(
    db,
  );

  await sql`
    CREATE TABLE disputes (
      mode mode NOT NULL,
      dispute_id text NOT NULL,           -- du_… or dp_…
      user_id text NOT NULL,
      stripe_charge_id text NOT NULL,
      status text NOT NULL,               -- Stripe's
      amount_cents bigint NOT NULL,
      due_by timestamptz,                 -- until when evidence is taken
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (mode, dispute_id),
      FOREIGN KEY (mode, user_id) REFERENCES users (mode, user_id)
    )`.execute(db);
  // Every look at a customer.
  await sql`CREATE INDEX disputes_by_user ON disputes (mode, user_id)`.execute(db);

  await sql`
    CREATE TABLE credit_purchases (
      mode mode NOT NULL,
      checkout_session_id text NOT NULL,  -- cs_…: credits are granted once per session
      user_id text NOT NULL,
      granted_cents bigint NOT NULL CHECK (granted_cents > 0),
      taken_back_cents bigint NOT NULL DEFAULT 0,  -- due for refunds and lost disputes, as Stripe says now
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (mode, checkout_session_id),
      CHECK (taken_back_cents BETWEEN 0 AND granted_cents),
      FOREIGN KEY (mode, user_id) REFERENCES users (mode, user_id)
    )`.execute(db);
  // What is due from a user's purchases, at every change of their credits.
  await sql`CREATE INDEX credit_purchases_by_user ON credit_purchases (mode, user_id)`.execute(db);
  // Append-only, as the ledger is: what an operator decided stays on record.
  await sql`
    CREATE TRIGGER operator_decisions_never_change BEFORE UPDATE OR DELETE ON operator_decisions
      FOR EACH ROW EXECUTE FUNCTION refuse_change()`.execute(db);
}
