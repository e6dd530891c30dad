/** Drafts that finalize by themselves, about an hour after they were made. */
import { invalidRequest, StripeApiError } from '../errors.ts';
import type { Operation } from '../operation.ts';
import type { Invoice } from '../wire.ts';
import { finalizeInvoice } from './finalization.ts';
import { collectInvoice } from './invoice-collection.ts';
import { subscriptionOf } from './subscription-status.ts';

/**
 * Finalizes a draft whose hour is over. A subscription's invoice is charged at once, another after the collection
 * delay. What stands in the way is told by `invoice.finalization_failed`, and the draft stays one.
 */
export function finalizeAutomatically(operation: Operation, invoice: Invoice): void {
  const { store } = operation;
  // A customer who was deleted meanwhile is not billed any more.
  if (store.customers.get(invoice.customer ?? '') === undefined) return;
  try {
    requireTaxLocation(operation, invoice);
  } catch (error) {
    if (!(error instanceof StripeApiError)) throw error;
    const failed = store.invoices.put({
      ...invoice,
      automatically_finalizes_at: null,
      automatic_tax: { ...invoice.automatic_tax, status: 'requires_location_inputs' },
      last_finalization_error: {
        ...(error.details.code === undefined ? {} : { code: error.details.code }),
        message: error.message,
        type: 'invalid_request_error',
      },
      next_payment_attempt: null,
    });
    operation.emit('invoice.finalization_failed', failed);
    return;
  }
  const finalized = finalizeInvoice(operation, invoice, true);
  if (
    finalized.status === 'open' &&
    finalized.collection_method === 'charge_automatically' &&
    subscriptionOf(operation, finalized) !== undefined
  ) {
    collectInvoice(operation, finalized, 'schedule');
  }
}

/** Automatic tax can't be worked out for an American address without a postal code. */
function requireTaxLocation({ store }: Operation, invoice: Invoice): void {
  const address = store.customers.get(invoice.customer ?? '')?.address;
  if (!invoice.automatic_tax.enabled || address?.country !== 'US' || address.postal_code !== null) return;
  throw invalidRequest(
    "The customer's location isn't recognized. Set a valid customer address in order to automatically calculate tax.",
    { code: 'customer_tax_location_invalid' },
  );
}
