import { type Kysely, sql } from 'kysely';

/** Purchases with test cards. They are of test mode and can be of no other, whoever writes them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE test_purchases (
      mode mode NOT NULL DEFAULT 'test' CHECK (mode = 'test'),
      purchase_id text NOT NULL,          -- from the caller's idempotency key: asked for twice, it is bought once
      user_id text NOT NULL,
      credits integer NOT NULL CHECK (credits BETWEEN 1 AND 10000),
      card text NOT NULL CHECK (card IN ('success', 'decline', 'authentication')),
      status text NOT NULL DEFAULT 'processing'
        CHECK (status IN ('processing', 'requires_action', 'succeeded', 'declined', 'expired')),
      payment_intent_id text,             -- pi_…
      link text,                          -- where the card's owner authenticates, while that is waited for
      problem text,                       -- why it was declined or expired, or stands still
      decline_code text,                  -- Stripe's, such as generic_decline
      steps jsonb NOT NULL DEFAULT '[]',  -- [{step, at, detail}], oldest first
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (mode, purchase_id),
      FOREIGN KEY (mode, user_id) REFERENCES users (mode, user_id)
    )`.execute(db);
  // The admin page's list: the latest purchases, and what webhooks did last.
  await sql`CREATE INDEX test_purchases_by_creation ON test_purchases (created_at)`.execute(db);
  await sql`
    CREATE INDEX applied_test_events_by_time ON applied_stripe_events (applied_at) WHERE mode = 'test'`.execute(
    db,
  );
}
