/** Bills on their way through Stripe and back: what an invoice says of its bill, so that a database that was put back knows it again. */
import type { Stripe } from 'stripe';
import type { BillLineRow, BillWithLines } from '../db/bills.ts';
import { type LostBill, saveLostBill } from '../db/lost-bills.ts';
import { findUserByStripeCustomer } from '../db/users.ts';
import { type BillingPeriod, isBillingPeriod } from '../domain/billing-period.ts';
import type { Mode } from '../domain/mode.ts';
import { formatUnitPrice, sumCents } from '../domain/money.ts';
import { isProduct } from '../domain/price-list.ts';
import { type ActivityDependencies, stripeOf } from './dependencies.ts';
import { idOf } from './stripe-references.ts';

/** What an invoice says of the bill that it is of. */
export function invoiceMetadata({ billId, userId, period, part, parts }: BillWithLines) {
  return { bill_id: billId, user_id: userId, period, part: String(part), parts: String(parts) };
}

/** What a line of it says of the bill's, beside its amount. Of what is not kept there is nothing. */
export function lineMetadata(line: BillLineRow, index: number) {
  return {
    product: line.product,
    line_number: String(index + 1),
    usage_period: line.usagePeriod,
    quantity: line.quantity,
    exact_quantity: line.exactQuantity,
    unit_price_cents: line.unitPriceCents,
    ...(line.eventsThrough === null ? {} : { events_through: String(line.eventsThrough) }),
  };
}

/** What Stripe shows of a line: quantity and unit price are for the customer to check. */
export function lineText({
  description,
  quantity,
  unitPriceCents,
}: Pick<BillLineRow, 'description' | 'quantity' | 'unitPriceCents'>): string {
  return `${description}: ${quantity} × ${formatUnitPrice(unitPriceCents)}`;
}

interface BillIdentity {
  readonly billId: string;
  readonly userId: string;
  readonly period: BillingPeriod;
  readonly part: number;
  readonly parts: number;
}

/** Which bill an invoice is of; `null` where it does not say all of it: it is none of ours, or older than that. */
export function billIdentityOf({ metadata }: Pick<Stripe.Invoice, 'metadata'>): BillIdentity | null {
  const { bill_id: billId, user_id: userId, period, part, parts } = metadata ?? {};
  if (billId === undefined || userId === undefined || part === undefined || parts === undefined) return null;
  if (period === undefined || !isBillingPeriod(period)) return null;
  return { billId, userId, period, part: Number(part), parts: Number(parts) };
}

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
  { id, created, metadata }: Stripe.Invoice,
  customer: string,
): Promise<boolean> {
  const later = { customer, created: { gte: created }, limit: 100 };
  for await (const each of stripeOf(dependencies, mode).invoices.list(later)) {
    if (each.id !== id && each.metadata?.['bill_id'] === metadata?.['bill_id']) return true;
  }
  return false;
}

/** @returns `null` when they are not those that we wrote. */
async function linesOf(
  dependencies: Pick<ActivityDependencies, 'stripe'>,
  mode: Mode,
  { id, subtotal }: Stripe.Invoice,
): Promise<BillLineRow[] | null> {
  const read: { readonly number: number; readonly line: BillLineRow }[] = [];
  for await (const item of stripeOf(dependencies, mode).invoices.listLineItems(id, { limit: 100 })) {
    const line = lineOf(item);
    if (line === null) return null;
    read.push({ number: Number(item.metadata['line_number']), line });
  }
  const lines = read.toSorted((a, b) => a.number - b.number).map(({ line }) => line);
  return sumCents(lines.map(({ amountCents }) => amountCents)) === subtotal ? lines : null;
}

function lineOf({ amount, description, metadata }: Stripe.InvoiceLineItem): BillLineRow | null {
  const { product, usage_period: usagePeriod, quantity, exact_quantity: exactQuantity } = metadata;
  const { unit_price_cents: unitPriceCents, events_through: through } = metadata;
  if (product === undefined || !isProduct(product)) return null;
  if (usagePeriod === undefined || !isBillingPeriod(usagePeriod)) return null;
  if (quantity === undefined || exactQuantity === undefined || unitPriceCents === undefined) return null;
  const suffix = lineText({ description: '', quantity, unitPriceCents });
  return {
    product,
    usagePeriod,
    quantity,
    exactQuantity,
    unitPriceCents,
    amountCents: amount,
    description: (description ?? '').replace(suffix, ''),
    eventsThrough: through === undefined ? null : Number(through),
  };
}
