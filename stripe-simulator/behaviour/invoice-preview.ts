/** What the next invoice would be. https://docs.stripe.com/api/invoices/create_preview */
import { StripeApiError } from '../errors.ts';
import { embeddedList } from '../list.ts';
import { newInvoice } from '../objects/invoice.ts';
import type { Operation } from '../operation.ts';
import type { Customer, Invoice, InvoiceLineItem, Subscription } from '../wire.ts';
import type { Period } from './billing-cycle.ts';
import { settle } from './finalization.ts';
import type { LineRequest } from './invoice-lines.ts';
import { createInvoiceItem, putOnInvoice } from './invoice-lines.ts';
import type { SubscriptionRequest } from './subscription-create.ts';
import { firstInvoice, newDraft } from './subscription-create.ts';
import { finalLines, nextRenewal, renewal } from './subscription-cycle.ts';
import { newSubscriptionInvoice } from './subscription-invoice.ts';

/**
 * What is asked about. Without `subscription` and `created` it is the customer's pending items, as a one-off
 * invoice.
 */
export interface PreviewRequest {
  customer: Customer;
  currency: string;
  /** Items that would be added. */
  items: readonly LineRequest[];
  /** A subscription there is, as it would be changed. */
  subscription?: Subscription | undefined;
  /** It would be ended now. */
  cancelNow: boolean;
  /** A subscription that would be created. */
  created?: SubscriptionRequest | undefined;
  /** Not the invoice that comes next, but the one of a usual period. */
  recurring: boolean;
}

/** The moment of an invoice, and what its subscription puts on it. */
interface Upcoming {
  at: number;
  lines: InvoiceLineItem[];
  period: Period;
  reason: 'subscription_cycle' | 'subscription_update';
}

/** Works it out as it would happen, and takes all of it back. */
export function previewInvoice(operation: Operation, request: PreviewRequest): Invoice {
  const { store } = operation;
  return store.pretend(() => {
    const { invoice, at } = draftOf(operation, request);
    const items = request.items.map((line, index) =>
      createInvoiceItem(operation, line, {
        customer: request.customer.id,
        invoice: invoice.id,
        currency: invoice.currency,
        name: `invoice_items[${index}]`,
      }),
    );
    const filled = putOnInvoice(operation, invoice, items);
    const lines = store.invoiceLines.all('invoice', invoice.id);
    const { amountDue, endingBalance } = settle(filled.total, request.customer.balance);
    const id = `upcoming_${invoice.id}`;
    return {
      ...filled,
      id,
      amount_due: amountDue,
      amount_remaining: amountDue,
      created: at,
      ending_balance: endingBalance,
      lines: embeddedList(
        lines.map((line) => ({ ...line, invoice: id })),
        `/v1/invoices/${id}/lines`,
      ),
      next_payment_attempt: filled.collection_method === 'send_invoice' ? null : at + 3_600,
      starting_balance: request.customer.balance,
    };
  });
}

function draftOf(operation: Operation, request: PreviewRequest): { invoice: Invoice; at: number } {
  const { customer, subscription, created } = request;
  if (created !== undefined) return previewOfNew(operation, request, created);
  if (subscription !== undefined) {
    const upcoming = request.cancelNow
      ? finalOf(operation, subscription, operation.now)
      : upcomingOf(operation, subscription);
    return { invoice: subscriptionDraft(operation, customer, subscription, upcoming), at: upcoming.at };
  }
  const pending = operation.store.invoiceItems
    .all('pending', customer.id)
    .filter(({ currency }) => currency === request.currency);
  if (pending.length === 0 && request.items.length === 0) throw nothingUpcoming(customer.id);
  const draft = operation.store.invoices.put(
    newInvoice(operation, customer, { auto_advance: true, currency: request.currency }),
  );
  return { invoice: putOnInvoice(operation, draft, pending), at: operation.now };
}

/** The first invoice, or, where there is none because everything is metered, the one of the first period. */
function previewOfNew(
  operation: Operation,
  { customer, recurring }: PreviewRequest,
  created: SubscriptionRequest,
): { invoice: Invoice; at: number } {
  const draft = newDraft(operation, created);
  const first = recurring ? undefined : firstInvoice(operation, created, draft);
  if (first !== undefined) return { invoice: first, at: operation.now };
  const upcoming = upcomingOf(operation, draft);
  return { invoice: subscriptionDraft(operation, customer, draft, upcoming), at: upcoming.at };
}

function upcomingOf(operation: Operation, subscription: Subscription): Upcoming {
  if (subscription.status === 'canceled' || subscription.status === 'incomplete_expired') {
    throw nothingUpcoming(subscription.customer);
  }
  const at = nextRenewal(subscription);
  const { cancel_at: end } = subscription;
  if (end !== null && end <= at) return finalOf(operation, subscription, end);
  return { at, ...renewal(operation, subscription, at), reason: 'subscription_cycle' };
}

function finalOf(operation: Operation, subscription: Subscription, at: number): Upcoming {
  const lines = finalLines(operation, subscription, at);
  if (lines.length === 0) throw nothingUpcoming(subscription.customer);
  const start = Math.min(...lines.map(({ period }) => period.start));
  return { at, lines, period: { start, end: at }, reason: 'subscription_update' };
}

function subscriptionDraft(
  operation: Operation,
  customer: Customer,
  subscription: Subscription,
  { lines, period, reason }: Upcoming,
): Invoice {
  return newSubscriptionInvoice(operation, customer, subscription, {
    reason,
    lines,
    period,
    pendingItems: true,
  });
}

function nothingUpcoming(customer: string): StripeApiError {
  return new StripeApiError(404, 'invalid_request_error', `No upcoming invoices for customer: ${customer}`, {
    code: 'invoice_upcoming_none',
  });
}
