import { type Kysely, sql } from 'kysely';

/** Usage as it came in, its totals, and the bills frozen from them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE DOMAIN billing_period AS text CHECK (VALUE ~ '^[0-9]{4}-(0[1-9]|1[0-2])$')`.execute(db);

  await sql`
    CREATE TABLE usage_events (
      mode mode NOT NULL,
      event_id text NOT NULL,             -- the host product's: the same id is the same event
      user_id text NOT NULL,
      product text NOT NULL,
      quantity numeric NOT NULL CHECK (quantity >= 0),  -- storage: GB held from occurred_at on
      occurred_at timestamptz NOT NULL,
      resource_id text,                   -- which disk, for storage
      received_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (mode, event_id),
      FOREIGN KEY (mode, user_id) REFERENCES users (mode, user_id)
    )`.execute(db);
  // The levels before and after a new one of the same disk.
  await sql`
    CREATE INDEX storage_levels ON usage_events (mode, user_id, resource_id, occurred_at, event_id)
      WHERE product = 'storage_gb_month'`.execute(db);

  await sql`
    CREATE TABLE usage_totals (
      mode mode NOT NULL,
      user_id text NOT NULL,
      product text NOT NULL,
      period billing_period NOT NULL,
      used_quantity numeric NOT NULL,     -- in base units (domain/bill.ts); storage: without what earlier months carry in
      level_change_gb numeric NOT NULL DEFAULT 0,  -- storage only: carried into every later month (domain/storage.ts)
      billed_quantity numeric NOT NULL DEFAULT 0,  -- what frozen bills hold; storage: carried-in part included
      PRIMARY KEY (mode, user_id, product, period),
      FOREIGN KEY (mode, user_id) REFERENCES users (mode, user_id)
    )`.execute(db);

  await sql`
    CREATE TABLE bills (
      mode mode NOT NULL,
      bill_id text NOT NULL DEFAULT 'bill_' || replace(gen_random_uuid()::text, '-', ''),
      user_id text NOT NULL,
      period billing_period NOT NULL,
      kind text NOT NULL DEFAULT 'monthly',
      status text NOT NULL CHECK (status IN ('frozen', 'held', 'open', 'paid', 'payment_failed', 'parked', 'void')),
      total_cents bigint NOT NULL CHECK (total_cents >= 0),  -- what Stripe collects: the sum of the lines
      credits_applied_cents bigint NOT NULL,
      stripe_invoice_id text,
      payment_failed_at timestamptz,      -- first failure; the grace period counts from it
      problem text,                       -- why it is parked, with Stripe's request id
      frozen_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (mode, bill_id),
      UNIQUE (mode, user_id, period, kind),  -- a month is billed once
      FOREIGN KEY (mode, user_id) REFERENCES users (mode, user_id)
    )`.execute(db);
  // "Which bill is this invoice?"
  await sql`CREATE UNIQUE INDEX bills_by_stripe_invoice ON bills (mode, stripe_invoice_id)`.execute(db);
  // The pages of a close: bills of a month still to be invoiced, in the order of users.
  await sql`CREATE INDEX bills_by_period ON bills (mode, period, status, user_id)`.execute(db);

  await sql`
    CREATE TABLE bill_lines (
      mode mode NOT NULL,
      bill_id text NOT NULL,
      line_number integer NOT NULL,
      product text NOT NULL,
      usage_period billing_period NOT NULL,
      quantity numeric NOT NULL,          -- in the unit of the price list, at most 12 decimals, for people
      exact_quantity numeric NOT NULL,    -- in base units; the amount comes from this one
      unit_price_cents numeric NOT NULL,
      amount_cents bigint NOT NULL,       -- rounded once, half up
      description text NOT NULL,
      PRIMARY KEY (mode, bill_id, line_number),
      FOREIGN KEY (mode, bill_id) REFERENCES bills (mode, bill_id)
    )`.execute(db);

  await sql`
    CREATE TABLE credit_entries (
      entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      mode mode NOT NULL,
      user_id text NOT NULL,
      amount_cents bigint NOT NULL CHECK (amount_cents <> 0),  -- granted: positive, used: negative
      cause text NOT NULL,                -- what made it, such as bill:…; once only
      created_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (mode, cause),
      FOREIGN KEY (mode, user_id) REFERENCES users (mode, user_id)
    )`.execute(db);
  // The balance.
  await sql`CREATE INDEX credit_entries_by_user ON credit_entries (mode, user_id)`.execute(db);

  // Append-only, and frozen means frozen: the database itself refuses, whatever code may try.
  await sql`
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '% rows never change once written', TG_TABLE_NAME; END $$`.execute(db);
  for (const table of ['bill_lines', 'credit_entries']) {
    await sql`
      CREATE TRIGGER ${sql.ref(`${table}_never_change`)} BEFORE UPDATE OR DELETE ON ${sql.table(table)}
      FOR EACH ROW EXECUTE FUNCTION refuse_change()`.execute(db);
  }
}
