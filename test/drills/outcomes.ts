import { expect } from 'vitest';
import type { Customer } from '../../chaos/world/customers.ts';
import type { RunningBilling } from '../../chaos/world/running-billing.ts';
import { listBills } from '../../db/bills.ts';

/** The keys of the writes to Stripe of which it is not known what came of them. */
export async function unansweredWrites({ db }: RunningBilling): Promise<string[]> {
  const rows = await db
    .selectFrom('stripe_writes')
    .select('write_key')
    .where('stripe_object_id', 'is', null)
    .execute();
  return rows.map((row) => row.write_key);
}

/** The customer has one invoice in Stripe, which has gone out, and one bill, which knows it. */
export async function expectOneInvoice(
  { db, stripe }: RunningBilling,
  { stripeCustomerId, userId }: Customer,
  cents: number,
): Promise<void> {
  const { data } = await stripe.test.invoices.list({ customer: stripeCustomerId, limit: 100 });
  expect(data).toMatchObject([{ total: cents }]);
  expect(data[0]?.status).not.toBe('draft');
  expect(await listBills(db, 'test', userId)).toMatchObject([
    { totalCents: cents, stripeInvoiceId: data[0]?.id },
  ]);
}
