import type { Stripe } from 'stripe';
import type { BillLineRow } from '../db/bills.ts';
import { type LostBill, saveLostBill } from '../db/lost-bills.ts';
import { findUserByStripeCustomer } from '../db/users.ts';
import type { Mode } from '../domain/mode.ts';
import { sumCents } from '../domain/money.ts';
import { billIdentityOf, billIdOf, numberedLineOf } from './bill-on-invoice.ts';
import { type ActivityDependencies, stripeOf } from './dependencies.ts';
import { idOf } from './stripe-values.ts';

/**
 * Writes the bill of an invoice that this database does not have: it was put back to a backup. An invoice that does not say all of its
 * bill, or was changed by hand, is left to reconciliation, which tells a person; so is one that was voided and has a successor.
 *
 * @returns whether the bill is here now.
 */
export async function recoverBill(
  dependencies: Pick<ActivityDependencies, 'db' | 'stripe' | 'log'>,
  mode: Mode,
  invoice: Stripe.Invoice,
): Promise<boolean> {
  const { db, log } = dependencies;
  const identity = billIdentityOf(invoice);
  const customer = idOf(invoice.customer);
  if (identity === null || customer === null) return false;
  const user = await findUserByStripeCustomer(db, mode, customer);
  if (user?.user_id !== identity.userId) return false;
  if (invoice.status === 'void' && (await hasSuccessor(dependencies, mode, invoice, customer))) return false;
  const lines = await linesOf(dependencies, mode, invoice);
  if (lines === null) return false;
  const bill: LostBill = { mode, ...identity, invoicedAt: new Date(invoice.created * 1_000), lines };
  const isSaved = await saveLostBill(db, bill);
  log.warn(
    { billId: identity.billId, invoiceId: invoice.id, mode, isSaved },
    'an invoice whose bill was lost',
  );
  return isSaved;
}

async function hasSuccessor(
  dependencies: Pick<ActivityDependencies, 'stripe'>,
  mode: Mode,
  invoice: Stripe.Invoice,
  customer: string,
): Promise<boolean> {
  const later = { customer, created: { gte: invoice.created }, limit: 100 };
  for await (const each of stripeOf(dependencies, mode).invoices.list(later)) {
    if (each.id !== invoice.id && billIdOf(each) === billIdOf(invoice)) return true;
  }
  return false;
}

/** @returns `null` when they are not those that we wrote. */
async function linesOf(
  dependencies: Pick<ActivityDependencies, 'stripe'>,
  mode: Mode,
  { id, subtotal }: Stripe.Invoice,
): Promise<BillLineRow[] | null> {
  const read = [];
  for await (const item of stripeOf(dependencies, mode).invoices.listLineItems(id, { limit: 100 })) {
    const line = numberedLineOf(item);
    if (line === null) return null;
    read.push(line);
  }
  const lines = read.toSorted((a, b) => a.number - b.number).map(({ line }) => line);
  return sumCents(lines.map(({ amountCents }) => amountCents)) === subtotal ? lines : null;
}
