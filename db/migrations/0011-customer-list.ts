import { type Kysely, sql } from 'kysely';

/** What operators find customers and months by, and what they see of a customer. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // "Who is past due?", in the order of the list.
  await sql`CREATE INDEX users_by_status ON users (mode, status, user_id)`.execute(db);
  // "Who waits for a card?", in the same order.
  await sql`
    CREATE INDEX users_by_what_they_wait_for ON users (mode, waiting_for, user_id)
      WHERE waiting_for IS NOT NULL`.execute(db);
  // Which months have usage?
  await sql`CREATE INDEX usage_totals_by_period ON usage_totals (mode, period)`.execute(db);
  // Which bills wait for a person, of any month? Few do.
  await sql`
    CREATE INDEX bills_that_wait ON bills (mode, period, status)
      WHERE status IN ('parked', 'held')`.execute(db);
  // The Checkout sessions of a user: at every look at them, too.
  await sql`CREATE INDEX checkout_sessions_by_user ON checkout_sessions (mode, user_id)`.execute(db);
  // The events of a customer, newest first.
  await sql`
    CREATE INDEX applied_stripe_events_by_customer
      ON applied_stripe_events (stripe_customer_id, applied_at, mode)`.execute(db);
}
