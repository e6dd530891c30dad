/** How a bill stands on its invoice: written when it goes out, read when it comes back, into a database that was put back to a backup. */
import type { Stripe } from 'stripe';
import type { BillLineRow, BillWithLines } from '../db/bills.ts';
import { type BillingPeriod, isBillingPeriod, periodEnd, periodStart } from '../domain/billing-period.ts';
import { formatUnitPrice } from '../domain/money.ts';
import { isProduct } from '../domain/price-list.ts';
import { unixSeconds } from './stripe-values.ts';

/** `Usage of 2026-09`, or `Usage of 2026-09, part 1 of 2`. */
export function descriptionOf({ period, part, parts }: BillWithLines): string {
  return parts === 1 ? `Usage of ${period}` : `Usage of ${period}, part ${part} of ${parts}`;
}

/** What an invoice says of the bill that it is of. */
export function invoiceMetadata({ billId, userId, period, part, parts }: BillWithLines) {
  return { bill_id: billId, user_id: userId, period, part: String(part), parts: String(parts) };
}

/**
 * The bill's lines as Stripe takes them: whole amounts, since we rounded them already and Stripe must not again. What
 * else there is to a line stands in its metadata: a database that was put back to a backup learns it from there.
 */
export function linesOf(bill: BillWithLines): Stripe.InvoiceAddLinesParams.Line[] {
  const period = { start: unixSeconds(periodStart(bill.period)), end: unixSeconds(periodEnd(bill.period)) };
  return bill.lines.map((line, index) => ({
    amount: line.amountCents,
    description: lineText(line),
    period,
    metadata: lineMetadata(line, index),
  }));
}

/** What a line of it says of the bill's, beside its amount. Of what is not kept there is nothing. */
function lineMetadata(line: BillLineRow, index: number) {
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
function lineText({
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

/** The id of the bill that an invoice is of; `null`: of none of ours, such as the subscription's $0 ones. */
export function billIdOf({ metadata }: Pick<Stripe.Invoice, 'metadata'>): string | null {
  return metadata?.['bill_id'] ?? null;
}

/** A bill's line by its invoice's, and which of them it is, from 1; `null` where that does not say all of it. */
export function numberedLineOf(item: Pick<Stripe.InvoiceLineItem, 'amount' | 'description' | 'metadata'>) {
  const line = lineOf(item);
  return line === null ? null : { number: Number(item.metadata['line_number']), line };
}

function lineOf({
  amount,
  description,
  metadata,
}: Pick<Stripe.InvoiceLineItem, 'amount' | 'description' | 'metadata'>): BillLineRow | null {
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
