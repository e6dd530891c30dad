import { type Kysely, sql } from 'kysely';

/** What the account page shows of payment methods and invoices: Stripe's, as it was when we last looked. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE payment_methods (
      mode mode NOT NULL,
      payment_method_id text NOT NULL,    -- pm_…
      user_id text NOT NULL,
      type text NOT NULL,                 -- Stripe's, such as card, sepa_debit, link
      brand text,                         -- of a card, such as visa; null: it is none
      last4 text,                         -- of the card or the bank account; null: Stripe shows none
      exp_month smallint,                 -- of a card, with the year: usable to the end of that month
      exp_year smallint,
      created_at timestamptz NOT NULL,    -- by Stripe's clock, to the second
      first_seen bigint GENERATED ALWAYS AS IDENTITY,  -- which of those made within a second is the newer one
      PRIMARY KEY (mode, payment_method_id),
      FOREIGN KEY (mode, user_id) REFERENCES users (mode, user_id)
    )`.execute(db);
  // A user's, at every look at them, and on their page.
  await sql`CREATE INDEX payment_methods_by_user ON payment_methods (mode, user_id)`.execute(db);

  await sql`
    ALTER TABLE bills
      ADD COLUMN invoice_pdf_url text     -- Stripe's invoice as a PDF; the link expires after 30 days
    `.execute(db);
}
