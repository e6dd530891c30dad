import { type BillStatus, billStatusOfInvoice } from './bill.ts';
import type { BillingPeriod } from './billing-period.ts';
import type { ComparedUsers } from './compared-user.ts';
import type { Mode } from './mode.ts';
import { formatCents } from './money.ts';
import { type Drift, isUnderWay, proposed, reconciledEvent, repaired } from './reconciliation-findings.ts';

/** An invoice in Stripe. */
export interface ComparedInvoice {
  readonly id: string;
  readonly status: string | null;
  /** Whether it was tried to be collected. */
  readonly attempted: boolean;
  readonly stripeCustomerId: string | null;
  /** What its metadata say that it is of; `null`: not made by us. */
  readonly billId: string | null;
  /** The user of that bill, where the invoice says all that is to be known of it; `null`: it does not. */
  readonly billedUserId: string | null;
  /** The subscription whose own invoice it is, and whether that is one that we made; `null`: it is of none. */
  readonly subscription: { readonly id: string; readonly isOurs: boolean } | null;
  /** The sum of its lines, before discounts and taxes. */
  readonly subtotalCents: number;
  /** What it asks for, less what credit notes have given back. */
  readonly askedCents: number;
  /** What credit notes have given back. */
  readonly creditedCents: number;
  /** Unix seconds. */
  readonly created: number;
  /** When it was made, finalized, paid, voided or written off, whichever was last. Unix seconds. */
  readonly changedAt: number;
}

/** A bill as the database has it. */
export interface ComparedBill {
  readonly billId: string;
  readonly userId: string;
  readonly period: BillingPeriod;
  readonly status: BillStatus;
  readonly totalCents: number;
  /** What was paid back of its invoice. */
  readonly refundedCents: number;
  /** The invoice that it has, once that was finalized. */
  readonly stripeInvoiceId: string | null;
  readonly isCollectible: boolean;
}

interface ComparedBills {
  readonly users: ComparedUsers;
  /** Users whom invoices name and who have no customer here: they get it back before their invoices are looked at. */
  readonly withoutCustomer: ReadonlySet<string>;
  readonly bills: ReadonlyMap<string, ComparedBill>;
}

/** Stripe's invoices against the bills that they are of. */
export function compareInvoices(
  invoices: readonly ComparedInvoice[],
  have: ComparedBills,
  stripeNow: number,
): Drift[] {
  return invoices.flatMap((invoice) => {
    if (isUnderWay(invoice.changedAt, stripeNow)) return [];
    if (invoice.billId === null) return compareForeign(invoice, have);
    const bill = have.bills.get(invoice.billId);
    return bill === undefined ? withoutBill(invoice, have, stripeNow) : compareWithBill(invoice, bill);
  });
}

/** One that we did not make. The subscription's own come to $0, as long as nobody posts usage to its meters. */
function compareForeign(invoice: ComparedInvoice, { users }: ComparedBills): Drift[] {
  const { id: objectId, stripeCustomerId, subscription, askedCents, created } = invoice;
  const user = stripeCustomerId === null ? undefined : users.get(stripeCustomerId);
  if (user === undefined || subscription === null || askedCents === 0 || isUndone(invoice)) return [];
  // The customer may subscribe to another product of the same account. One of ours may be an earlier one.
  if (subscription.id !== user.subscriptionId && !subscription.isOurs) return [];
  const { userId } = user;
  const amount = formatCents(askedCents);
  const what = `The subscription's invoice ${objectId} asks for ${amount}, beside our own bill.`;
  const proposal = `Stop who posts meter events; then ${undoing(invoice)}.`;
  return [proposed({ code: 'subscription_invoice_not_zero', userId, objectId, created, what }, proposal)];
}

/** Whether nothing is asked for by it any more. */
function isUndone({ status, askedCents }: ComparedInvoice): boolean {
  return status === 'void' || (status === 'paid' && askedCents <= 0);
}

/** What a person is to do so that it is undone: only what was finalized can be voided, and only as long as it is not paid. */
function undoing({ id, status, askedCents }: ComparedInvoice): string {
  if (status === 'draft') return `delete the draft ${id}`;
  return status === 'paid' ? `give ${formatCents(askedCents)} of ${id} back by a credit note` : `void ${id}`;
}

/** A database that was put back to a backup lacks bills that have gone out: their invoices tell of them. */
function withoutBill(
  invoice: ComparedInvoice,
  { users, withoutCustomer }: ComparedBills,
  stripeNow: number,
): Drift[] {
  const { id: objectId, billId, billedUserId, stripeCustomerId, askedCents, created } = invoice;
  const user = stripeCustomerId === null ? undefined : users.get(stripeCustomerId);
  if (user !== undefined && user.userId === billedUserId && billStatusOfInvoice(invoice) !== null) {
    const { userId } = user;
    const lost = `The invoice ${objectId} over ${formatCents(askedCents)} is of the bill ${billId}, which is not here any more.`;
    const { stripeCustomerId: customer } = user;
    // Each run tells of it: the last time it may have been too early.
    const envelope = reconciledEvent(
      'invoice.updated',
      { id: objectId, state: `lost:${stripeNow}` },
      created,
    );
    const repair = { type: 'event', stripeCustomerId: customer, envelope } as const;
    return [repaired({ code: 'bill_missed', userId, objectId, created, what: lost }, repair)];
  }
  if (isUndone(invoice) || withoutCustomer.has(billedUserId ?? '')) return [];
  const what = `The invoice ${objectId} over ${formatCents(askedCents)} is of the bill ${billId}, which we don't have.`;
  const proposal = `Unless another installation uses this Stripe account, ${undoing(invoice)}.`;
  return [proposed({ code: 'invoice_without_bill', userId: null, objectId, created, what }, proposal)];
}

function compareWithBill(invoice: ComparedInvoice, bill: ComparedBill): Drift[] {
  const { id: objectId, created } = invoice;
  const { billId, userId } = bill;
  const expected = billStatusOfInvoice(invoice);
  if (bill.stripeInvoiceId !== null && bill.stripeInvoiceId !== objectId) {
    // One that was voided and replaced, or paid and given back.
    if (isUndone(invoice)) return [];
    const what = `The bill ${billId} has the invoice ${bill.stripeInvoiceId}, and ${objectId} (${invoice.status}) is of it as well.`;
    const proposal = `See that ${bill.stripeInvoiceId} is the right one; then ${undoing(invoice)}.`;
    return [proposed({ code: 'second_invoice', userId, objectId, created, what }, proposal)];
  }
  // A draft says nothing yet.
  if (expected === null) return [];
  return [...compareAmounts(invoice, bill), ...compareStatus(invoice, bill, expected)];
}

function compareAmounts(invoice: ComparedInvoice, bill: ComparedBill): Drift[] {
  const { id: objectId, subtotalCents, status, created } = invoice;
  const { billId, userId, totalCents } = bill;
  const excessCents = subtotalCents - totalCents;
  if (excessCents === 0 || status === 'void') return [];
  if (excessCents > 0 && excessCents <= givenBackCents(invoice, bill)) return [];
  const what = `The invoice ${objectId} comes to ${formatCents(subtotalCents)}, its bill ${billId} to ${formatCents(totalCents)}.`;
  const proposal = `See in Stripe who changed ${objectId}; then ${levelling(excessCents)}.`;
  return [proposed({ code: 'invoice_amount', userId, objectId, created, what }, proposal)];
}

/** A credit note may have been paid out by a refund, which is the same money: the smaller of both is not counted. */
const givenBackCents = ({ creditedCents }: ComparedInvoice, { refundedCents }: ComparedBill) =>
  Math.max(creditedCents, refundedCents);

/** What a person is to do about an invoice that asks for so much more than its bill, or for less. */
function levelling(excessCents: number): string {
  if (excessCents < 0)
    return `ask for the other ${formatCents(-excessCents)} by an invoice of its own, and accept this`;
  return `give ${formatCents(excessCents)} back by a credit note`;
}

function compareStatus(invoice: ComparedInvoice, bill: ComparedBill, expected: BillStatus): Drift[] {
  const { id: objectId, status, attempted, stripeCustomerId, created, changedAt } = invoice;
  const isWrittenOff = status === 'uncollectible' && bill.isCollectible;
  if ((bill.status === expected && !isWrittenOff) || stripeCustomerId === null) return [];
  const { billId, userId } = bill;
  const what = `The invoice ${objectId} is ${status} in Stripe, and its bill ${billId} is ${bill.status} here.`;
  const state = `${status}${attempted ? ':attempted' : ''}`;
  const envelope = reconciledEvent('invoice.updated', { id: objectId, state }, changedAt);
  const repair = { type: 'event', stripeCustomerId, envelope } as const;
  return [repaired({ code: 'invoice_changed', userId, objectId, created, what }, repair)];
}

/** A bill whose invoice, or draft of one, Stripe does not have any more. */
export function compareMissingInvoice(invoiceId: string, bill: ComparedBill, mode: Mode): Drift {
  const { billId, userId, period, status } = bill;
  const about = { userId, objectId: invoiceId };
  if (status !== 'frozen' && status !== 'parked') {
    const what = `Stripe does not have ${invoiceId}, the invoice of the bill ${billId}, which is ${status} here.`;
    const proposal = `See that the secret key of ${mode} mode is one of the account that made it; then ask Stripe's support.`;
    return proposed({ code: 'invoice_missing', ...about, what }, proposal);
  }
  const problem = `Its draft ${invoiceId} was deleted in Stripe; retried, it gets a new one.`;
  const what = `The draft ${invoiceId} of the bill ${billId} of ${period} was deleted in Stripe: it is not billed.`;
  const proposal = `If it is to be billed: npm run billing -- retry-parked ${period} --mode ${mode}`;
  return proposed({ code: 'draft_deleted', ...about, what }, proposal, {
    type: 'park_bill',
    billId,
    problem,
  });
}
