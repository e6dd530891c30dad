import type { WorkflowHandle } from '@temporalio/client';
import { expect } from 'vitest';
import type { Customer } from '../../chaos/world/customers.ts';
import type { RunningBilling } from '../../chaos/world/running-billing.ts';
import { useGpu } from '../../chaos/world/usage.ts';
import { reportOf } from '../../cli/close.ts';
import { listBills } from '../../db/bills.ts';
import type { BillingPeriod } from '../../domain/billing-period.ts';
import { sumCents } from '../../domain/money.ts';

/** The keys of the writes to Stripe of which it is not known what came of them. */
export async function unansweredWrites({ db }: RunningBilling): Promise<string[]> {
  const rows = await db
    .selectFrom('stripe_writes')
    .select('write_key')
    .where('stripe_object_id', 'is', null)
    .execute();
  return rows.map((row) => row.write_key);
}

/** The price of a GPU hour in the seed's list. */
const GPU_HOUR_CENTS = 200;

/** A month in which the first customer used one GPU hour, the second two, and so on. */
export async function useRisingHours(
  service: RunningBilling,
  customers: readonly Customer[],
  period: BillingPeriod,
): Promise<void> {
  for (const [index, customer] of customers.entries())
    await useGpu(service, customer, period, String(index + 1));
}

/** The close of such a month ends, with all of it billed, and each customer has one invoice. */
export async function expectRisingHoursInvoiced(
  service: RunningBilling,
  customers: readonly Customer[],
  close: WorkflowHandle,
): Promise<void> {
  const amounts = customers.map((_, index) => GPU_HOUR_CENTS * (index + 1));
  const cents = sumCents(amounts);
  expect(await reportOf(close)).toMatchObject({
    invoicedBills: customers.length,
    invoicedCents: cents,
    parkedBills: 0,
    waiting: null,
    balance: { usedCents: cents, billedCents: cents, contradictions: 0 },
  });
  for (const [index, customer] of customers.entries())
    await expectOneInvoice(service, customer, amounts[index]);
}

/** The customer has one invoice in Stripe, which has gone out, and one bill, which knows it. */
async function expectOneInvoice(
  { db, stripe }: RunningBilling,
  { stripeCustomerId, userId }: Customer,
  cents: number | undefined,
): Promise<void> {
  const { data } = await stripe.test.invoices.list({ customer: stripeCustomerId, limit: 100 });
  expect(data).toMatchObject([{ total: cents }]);
  expect(data[0]?.status).not.toBe('draft');
  expect(await listBills(db, 'test', userId)).toMatchObject([
    { totalCents: cents, stripeInvoiceId: data[0]?.id },
  ]);
}
