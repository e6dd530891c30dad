import { type Kysely, sql } from 'kysely';

/** Users and what their access hangs on. `mode` leads every key: a row of one world can't be reached from the other. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE DOMAIN mode AS text CHECK (VALUE IN ('live', 'test'))`.execute(db);

  await sql`
    CREATE TABLE clusters (
      mode mode NOT NULL,
      cluster_id text NOT NULL,
      -- Places. How many are taken is counted from users, never kept beside them, so that it can't drift.
      capacity integer NOT NULL CHECK (capacity >= 0),
      PRIMARY KEY (mode, cluster_id)
    )`.execute(db);

  await sql`
    CREATE TABLE users (
      mode mode NOT NULL,
      user_id text NOT NULL,              -- the host product's own id
      email text NOT NULL,
      name text NOT NULL,
      stripe_customer_id text,            -- cus_…, from the first Checkout on
      stripe_subscription_id text,        -- sub_…, the one live subscription, or the last one
      default_payment_method_id text,     -- pm_…, as Stripe had it when last looked
      cluster_id text,
      status text NOT NULL DEFAULT 'none' CHECK (status IN ('none', 'active', 'past_due', 'suspended')),
      waiting_for text,                   -- what billing stands still for, if anything
      status_reason text NOT NULL DEFAULT '',  -- why, for a person
      grace_ends_at timestamptz,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (mode, user_id),
      FOREIGN KEY (mode, cluster_id) REFERENCES clusters (mode, cluster_id)
    )`.execute(db);
  // "Whose event is this?": every step of customerBilling begins with it.
  await sql`CREATE UNIQUE INDEX users_by_stripe_customer ON users (mode, stripe_customer_id)`.execute(db);
  // How full each cluster is.
  await sql`CREATE INDEX users_by_cluster ON users (mode, cluster_id) WHERE cluster_id IS NOT NULL`.execute(
    db,
  );

  await sql`
    CREATE TABLE stripe_products (
      mode mode NOT NULL,
      product text NOT NULL,
      unit_price_cents numeric NOT NULL CHECK (unit_price_cents > 0),  -- for one unit; a decimal
      stripe_product_id text,
      stripe_price_id text,
      stripe_meter_id text,               -- metered prices must name one; nothing is ever posted to it
      active boolean NOT NULL DEFAULT true,  -- inactive ones are left out of new subscriptions
      PRIMARY KEY (mode, product)
    )`.execute(db);

  await sql`
    CREATE TABLE api_keys (
      key_hash bytea PRIMARY KEY,         -- SHA-256 of the key, which is random: no salt is needed
      mode mode NOT NULL,                 -- a key reaches one world only
      name text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      revoked_at timestamptz
    )`.execute(db);

  await sql`
    CREATE TABLE checkout_sessions (
      mode mode NOT NULL,
      checkout_session_id text NOT NULL,  -- cs_…
      user_id text NOT NULL,
      completed_at timestamptz,           -- when its subscription was seen to: a session counts once
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (mode, checkout_session_id),
      FOREIGN KEY (mode, user_id) REFERENCES users (mode, user_id)
    )`.execute(db);

  await sql`
    CREATE TABLE applied_stripe_events (
      mode mode NOT NULL,
      event_id text NOT NULL,             -- evt_…: an event takes effect once
      stripe_customer_id text NOT NULL,
      type text NOT NULL,
      object_id text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (mode, event_id)
    )`.execute(db);

  await sql`
    CREATE TABLE stripe_writes (
      mode mode NOT NULL,
      write_key text NOT NULL,            -- business identity, such as bill:…:draft
      generation integer NOT NULL DEFAULT 0,  -- part of the idempotency key; grows when Stripe holds a stored error under the last one
      key_issued_at timestamptz NOT NULL DEFAULT now(),  -- keys of Stripe's expire after 24 hours
      stripe_object_id text,              -- what came of it
      stripe_request_id text,             -- req_…, for Stripe's support and for "explain"
      completed_at timestamptz,           -- null: intended, outcome unknown
      PRIMARY KEY (mode, write_key)
    )`.execute(db);
}
