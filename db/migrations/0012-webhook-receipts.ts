import { type Kysely, sql } from 'kysely';

/** What came in at the webhook endpoints, for operators to look at, and to send on again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE webhook_receipts (
      mode mode NOT NULL,                 -- of the endpoint
      receipt_id uuid NOT NULL,           -- of the delivery: an event may come several times
      event_id text,                      -- evt_…; null: it was not known to be Stripe's
      type text,
      outcome text NOT NULL CHECK (outcome IN ('accepted', 'ignored', 'refused', 'failed')),
      reason text,                        -- why it was not accepted: a code
      stripe_customer_id text,            -- null: it names none
      -- Of the envelope that the workflow got, ids only.
      object_id text,
      charge_id text,
      event_created bigint,               -- Unix seconds
      received_at timestamptz NOT NULL,   -- by the api's clock, to the millisecond, as the next two
      verified_at timestamptz,            -- when the signature was found good
      signalled_at timestamptz,           -- when Temporal had stored it
      PRIMARY KEY (receipt_id, mode)
    )`.execute(db);
  // The newest first, page by page; and what is old enough to go.
  await sql`
    CREATE INDEX webhook_receipts_by_time ON webhook_receipts (mode, received_at, receipt_id)`.execute(db);
  // "What became of this event?"
  await sql`
    CREATE INDEX webhook_receipts_by_event ON webhook_receipts (event_id, mode)
      WHERE event_id IS NOT NULL`.execute(db);
}
