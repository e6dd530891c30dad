/** From draft to open, or straight to paid when there is nothing to charge. */

import { invalidRequest } from '../errors.ts';
import { previousAttributes } from '../events.ts';
import type { Operation } from '../operation.ts';
import type { Customer, Invoice } from '../wire.ts';
import { moveCustomerBalance } from './customer-balance.ts';
import { findCustomer } from './find.ts';
import { MINIMUM_CHARGE } from './payments.ts';
import { withFreshUsage } from './subscription-lines.ts';
import { followInvoice } from './subscription-status.ts';

/** @throws 400 unless the invoice is a draft. */
export function requireDraft(invoice: Invoice, what: string): void {
  if (invoice.status === 'draft') return;
  throw invalidRequest(`This invoice is ${String(invoice.status)}: ${what}`, {
    code: 'invoice_not_editable',
  });
}

/**
 * Finalizes a draft: gives it its number, settles it with the customer's balance, and, with `autoAdvance`, leaves the
 * charge to the simulator, which tries it `collectionDelayMs` later.
 * @throws 400 unless it is a draft.
 */
export function finalizeInvoice(
  operation: Operation,
  draft: Invoice,
  autoAdvance = draft.auto_advance === true,
): Invoice {
  if (draft.status !== 'draft') {
    throw invalidRequest("This invoice is already finalized, you can't re-finalize a non-draft invoice.", {
      code: 'invoice_not_editable',
    });
  }
  const { store, now, settings } = operation;
  const invoice = draft.billing_reason === 'subscription_create' ? draft : withFreshUsage(operation, draft);
  const customer = findCustomer(operation, invoice.customer ?? '');
  const { amountDue, endingBalance } = settle(invoice.total, customer.balance);
  const sequence = customer.next_invoice_sequence ?? 1;
  const numbered = store.customers.put({
    ...customer,
    next_invoice_sequence: sequence + 1,
    currency: invoice.currency,
  });
  applyBalance(operation, numbered, invoice, endingBalance);
  const collects = amountDue > 0 && autoAdvance && invoice.collection_method === 'charge_automatically';
  const finalized = store.invoices.put({
    ...invoice,
    amount_due: amountDue,
    amount_remaining: amountDue,
    auto_advance: autoAdvance,
    automatically_finalizes_at: null,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    effective_at: now,
    ending_balance: endingBalance,
    hosted_invoice_url: `${settings.baseUrl}/_sim/invoices/${invoice.id}`,
    invoice_pdf: `${settings.baseUrl}/_sim/invoices/${invoice.id}/pdf`,
    next_payment_attempt: collects ? now + Math.floor(settings.collectionDelayMs / 1_000) : null,
    number: invoice.number ?? `${customer.invoice_prefix ?? ''}-${String(sequence).padStart(4, '0')}`,
    starting_balance: customer.balance,
    status: 'open',
    status_transitions: { ...invoice.status_transitions, finalized_at: now },
    ...(invoice.automatic_tax.enabled
      ? { automatic_tax: { ...invoice.automatic_tax, status: 'complete' as const } }
      : {}),
  });
  operation.emit('invoice.finalized', finalized);
  if (amountDue === 0) return markPaid(operation, finalized);
  if (collects) operation.schedule('collect_invoice', invoice.id, settings.collectionDelayMs);
  if (finalized.due_date !== null) operation.scheduleAt('invoice_overdue', invoice.id, finalized.due_date);
  return finalized;
}

/** Leaves a draft to finalize by itself, about an hour from now. */
export function finalizeByItself(operation: Operation, invoice: Invoice): Invoice {
  const { finalizationDelayMs } = operation.settings;
  const at = operation.now + Math.floor(finalizationDelayMs / 1_000);
  operation.schedule('finalize_invoice', invoice.id, finalizationDelayMs);
  return operation.store.invoices.put({
    ...invoice,
    auto_advance: true,
    automatically_finalizes_at: at,
    next_payment_attempt: invoice.collection_method === 'charge_automatically' ? at : null,
  });
}

/** What is left to charge of `total` once the balance was used, and the balance after that. */
export function settle(total: number, balance: number): { amountDue: number; endingBalance: number } {
  const owed = total + balance;
  // Credit that is left over stays credit; a debt too small to charge waits for the next invoice.
  if (owed < MINIMUM_CHARGE) return { amountDue: 0, endingBalance: owed };
  return { amountDue: owed, endingBalance: 0 };
}

function applyBalance(
  operation: Operation,
  customer: Customer,
  invoice: Invoice,
  endingBalance: number,
): void {
  const change = endingBalance - customer.balance;
  if (change === 0) return;
  moveCustomerBalance(operation, customer, change, {
    type: customer.balance === 0 ? 'invoice_too_small' : 'applied_to_invoice',
    currency: invoice.currency,
    invoice: invoice.id,
  });
}

/** Paid: by a charge, by the balance, by being nothing, or (`outOfBand`) in some way Stripe doesn't see. */
export function markPaid(operation: Operation, invoice: Invoice, amountPaid = 0, outOfBand = false): Invoice {
  const { store, now } = operation;
  const paid = store.invoices.put({
    ...invoice,
    amount_paid: amountPaid,
    amount_remaining: 0,
    ...(outOfBand ? { amount_paid_off_stripe: invoice.amount_remaining } : {}),
    attempted: true,
    auto_advance: false,
    next_payment_attempt: null,
    status: 'paid',
    status_transitions: { ...invoice.status_transitions, paid_at: now },
  });
  operation.emit('invoice.updated', paid, previousAttributes(invoice, paid));
  operation.emit('invoice.paid', paid);
  if (!outOfBand) operation.emit('invoice.payment_succeeded', paid);
  followInvoice(operation, paid);
  return paid;
}
