import type { Stripe } from 'stripe';
import { parkBill, saveInvoiceOutcome } from '../db/bill-status.ts';
import { hasBill } from '../db/lost-bills.ts';
import { billStatusOfInvoice } from '../domain/bill.ts';
import type { Mode } from '../domain/mode.ts';
import type { StripeEventEnvelope } from '../domain/stripe-event.ts';
import { billIdOf } from './bill-on-invoice.ts';
import { type ActivityDependencies, stripeOf } from './dependencies.ts';
import { recoverBill } from './lost-bills.ts';
import { StripeError } from './stripe-client.ts';
import { idOf } from './stripe-values.ts';

/** Reads an invoice with what says whether its customer must confirm the payment. */
export async function retrieveInvoice(
  dependencies: Pick<ActivityDependencies, 'stripe'>,
  mode: Mode,
  invoiceId: string,
): Promise<Stripe.Invoice> {
  const expand = ['payments.data.payment.payment_intent'];
  return await stripeOf(dependencies, mode).invoices.retrieve(invoiceId, { expand });
}

/** @returns `null` when Stripe does not have it (any more): a draft can be deleted. */
export async function retrieveInvoiceIfThere(
  dependencies: Pick<ActivityDependencies, 'stripe'>,
  mode: Mode,
  invoiceId: string,
): Promise<Stripe.Invoice | null> {
  try {
    return await retrieveInvoice(dependencies, mode, invoiceId);
  } catch (error) {
    if (error instanceof StripeError && error.statusCode === 404) return null;
    throw error;
  }
}

/** What of an invoice is not in the invoice: when it failed. */
export interface InvoiceSeen {
  readonly mode: Mode;
  /** Events that may tell of its first failure. */
  readonly events: readonly StripeEventEnvelope[];
  /** Unix milliseconds; the failure dates from now if no event tells it better. */
  readonly nowMs: number;
}

/**
 * Brings the bill of an invoice of ours to the invoice's state; one that this database lost is written first. Others, such as the
 * subscription's $0 ones, are not ours.
 */
export async function syncInvoice(
  dependencies: Pick<ActivityDependencies, 'db' | 'stripe' | 'log'>,
  seen: InvoiceSeen,
  invoice: Stripe.Invoice,
): Promise<void> {
  const { db, log } = dependencies;
  const { mode } = seen;
  const billId = billIdOf(invoice);
  if (billId === null) {
    if (invoice.amount_due > 0) {
      log.warn(
        { invoiceId: invoice.id, mode },
        'an invoice that we did not make asks for money; was a meter event posted?',
      );
    }
    return;
  }
  const status = billStatusOfInvoice(invoice);
  if (status === null) {
    const problem = invoice.last_finalization_error?.message;
    if (problem !== undefined)
      await parkBill(db, mode, billId, `${invoice.id} can't be finalized: ${problem}`);
    return;
  }
  if (!(await hasBill(db, { mode, billId }))) await recoverBill(dependencies, mode, invoice);
  await saveInvoiceOutcome(db, {
    mode,
    billId,
    stripeInvoiceId: invoice.id,
    status,
    failedAt: failedAt(seen, invoice.id),
    hostedInvoiceUrl: invoice.hosted_invoice_url ?? null,
    invoicePdfUrl: invoice.invoice_pdf ?? null,
    failedPaymentMethodId: failedPaymentMethod(invoice),
    stripeRetriesAt:
      invoice.next_payment_attempt === null ? null : new Date(invoice.next_payment_attempt * 1_000),
    // Beyond the first, Stripe counts only its own attempts. https://docs.stripe.com/api/invoices/object#invoice_object-attempt_count
    stripeHasRetried: invoice.attempt_count > 1,
    needsCustomerAction: needsCustomerAction(invoice),
    isCollectible: invoice.status === 'open',
  });
}

const FAILURES: ReadonlySet<string> = new Set(['invoice.payment_failed', 'invoice.payment_action_required']);

/** The earliest failure that the events tell of: it must not matter how late, or in which order, they came. */
function failedAt({ events, nowMs }: InvoiceSeen, invoiceId: string): Date {
  const failures = events.filter(({ type, objectId }) => FAILURES.has(type) && objectId === invoiceId);
  return new Date(Math.min(nowMs, ...failures.map(({ created }) => created * 1_000)));
}

/** Whether the bank wants to see the customer: charging the card again can't help then. */
function needsCustomerAction(invoice: Stripe.Invoice): boolean {
  const intent = openPayment(invoice);
  if (invoice.status !== 'open' || intent === null) return false;
  return intent.status === 'requires_action' || intent.last_payment_error?.code === 'authentication_required';
}

function failedPaymentMethod(invoice: Stripe.Invoice): string | null {
  return idOf(openPayment(invoice)?.last_payment_error?.payment_method);
}

/** The payment that is to settle the invoice, where it was expanded ({@link retrieveInvoice}). */
function openPayment(invoice: Stripe.Invoice): Stripe.PaymentIntent | null {
  const open = invoice.payments?.data.find(({ status }) => status === 'open');
  const intent = open?.payment.payment_intent;
  return typeof intent === 'object' ? intent : null;
}
