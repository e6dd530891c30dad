import type { z } from 'zod';
import { finalizeByItself, finalizeInvoice, markPaid, requireDraft } from '../behaviour/finalization.ts';
import { findCustomer, findInvoice, findPaymentMethod, findSubscription } from '../behaviour/find.ts';
import { collectInvoice } from '../behaviour/invoice-collection.ts';
import { markUncollectible, voidInvoice } from '../behaviour/invoice-end.ts';
import { putOnInvoice } from '../behaviour/invoice-lines.ts';
import { DAY_SECONDS } from '../clock.ts';
import { invalidRequest } from '../errors.ts';
import { previousAttributes } from '../events.ts';
import { page, within } from '../list.ts';
import { mergeMetadata } from '../metadata.ts';
import { newInvoice } from '../objects/invoice.ts';
import type { Operation } from '../operation.ts';
import { boolean, noParams, params, text } from '../params.ts';
import { route } from '../router.ts';
import type { Invoice } from '../wire.ts';
import { createSchema, type InvoiceFields, listSchema, updateSchema } from './invoice-params.ts';

/** The invoice with what the parameters set. */
function withFields(operation: Operation, invoice: Invoice, given: InvoiceFields): Invoice {
  const method = given.default_payment_method;
  if (
    method != null &&
    findPaymentMethod(operation, method, 'default_payment_method').customer !== invoice.customer
  ) {
    throw invalidRequest(`The customer does not have a payment method with the ID ${method}.`, {
      code: 'resource_missing',
      param: 'default_payment_method',
    });
  }
  const collection = given.collection_method ?? invoice.collection_method;
  const dueDate =
    given.due_date ??
    (given.days_until_due === undefined
      ? invoice.due_date
      : operation.now + given.days_until_due * DAY_SECONDS);
  if (collection === 'send_invoice' && dueDate === null) {
    throw invalidRequest(
      '`days_until_due` or `due_date` is required when `collection_method` is `send_invoice`.',
      {
        code: 'parameter_missing',
        param: 'days_until_due',
      },
    );
  }
  return {
    ...invoice,
    auto_advance: given.auto_advance ?? invoice.auto_advance ?? false,
    ...(given.automatic_tax === undefined
      ? {}
      : { automatic_tax: { ...invoice.automatic_tax, enabled: given.automatic_tax.enabled } }),
    collection_method: collection,
    custom_fields:
      given.custom_fields === undefined
        ? invoice.custom_fields
        : given.custom_fields === ''
          ? null
          : given.custom_fields,
    default_payment_method: method === undefined ? invoice.default_payment_method : method,
    description: given.description === undefined ? invoice.description : given.description,
    due_date: dueDate,
    footer: given.footer === undefined ? invoice.footer : given.footer,
    metadata: mergeMetadata(invoice.metadata, given.metadata),
    number: given.number ?? invoice.number,
    statement_descriptor: given.statement_descriptor ?? invoice.statement_descriptor,
  };
}

function createInvoice(request: Operation, given: z.output<typeof createSchema>): Invoice {
  const customer = findCustomer(request, given.customer);
  const operation = request.at(customer.id);
  const { store } = operation;
  const subscription =
    given.subscription === undefined
      ? undefined
      : findSubscription(operation, given.subscription, 'subscription');
  const draft = newInvoice(operation, customer, {
    currency: given.currency ?? customer.currency ?? 'usd',
    ...(subscription === undefined
      ? {}
      : {
          billing_reason: 'subscription_update',
          parent: {
            quote_details: null,
            subscription_details: { metadata: subscription.metadata, subscription: subscription.id },
            type: 'subscription_details',
          },
        }),
  });
  const invoice = store.invoices.put(withFields(operation, draft, given));
  const pending =
    given.pending_invoice_items_behavior === 'include'
      ? store.invoiceItems.all('pending', customer.id).filter((item) => item.currency === invoice.currency)
      : [];
  const filled = advance(operation, invoice, putOnInvoice(operation, invoice, pending));
  operation.emit('invoice.created', filled);
  return filled;
}

/** With `auto_advance` a draft is left to finalize by itself, an open invoice to be charged; without, neither. */
function advance(operation: Operation, before: Invoice, invoice: Invoice): Invoice {
  const { store, settings, now } = operation;
  const on = invoice.auto_advance === true;
  if (invoice.status === 'draft') {
    const waits = invoice.automatically_finalizes_at !== null;
    if (on && !waits) return finalizeByItself(operation, invoice);
    if (on || !waits) return invoice;
    return store.invoices.put({
      ...invoice,
      automatically_finalizes_at: null,
      next_payment_attempt: null,
    });
  }
  if (invoice.status !== 'open' || before.auto_advance === invoice.auto_advance) return invoice;
  if (!on) return store.invoices.put({ ...invoice, next_payment_attempt: null });
  if (invoice.collection_method === 'send_invoice') return invoice;
  operation.schedule('collect_invoice', invoice.id, settings.collectionDelayMs);
  return store.invoices.put({
    ...invoice,
    next_payment_attempt: now + Math.floor(settings.collectionDelayMs / 1_000),
  });
}

/** Says what changed, if anything did. */
function changed(operation: Operation, before: Invoice, after: Invoice): Invoice {
  const previous = previousAttributes(before, after);
  if (Object.keys(previous).length > 0) operation.emit('invoice.updated', after, previous);
  return after;
}

/** `/v1/invoices` from draft to paid, void or uncollectible. https://docs.stripe.com/api/invoices */
export const invoiceRoutes = [
  route('POST', '/v1/invoices', createSchema, createInvoice),

  route('GET', '/v1/invoices', listSchema, (operation, given) => {
    const { invoices } = operation.store;
    return page(invoices, {
      url: '/v1/invoices',
      params: given,
      order:
        given.customer !== undefined
          ? invoices.where('customer', given.customer)
          : given.subscription !== undefined
            ? invoices.where('subscription', given.subscription)
            : undefined,
      matches: (invoice) =>
        (given.status === undefined || invoice.status === given.status) &&
        (given.collection_method === undefined || invoice.collection_method === given.collection_method) &&
        (given.subscription === undefined ||
          invoice.parent?.subscription_details?.subscription === given.subscription) &&
        within(given.created, invoice.created),
    });
  }),

  route('GET', '/v1/invoices/:invoice', params({}), (operation, _given, { invoice }) =>
    findInvoice(operation, invoice),
  ),

  route('POST', '/v1/invoices/:invoice', updateSchema, (request, given, ids) => {
    const before = findInvoice(request, ids.invoice);
    const operation = request.at(before.customer);
    const after = withFields(operation, before, given);
    const editable = new Set(['auto_advance', 'default_payment_method', 'description', 'metadata']);
    const refused = Object.keys(previousAttributes(before, after)).find((name) => !editable.has(name));
    if (refused !== undefined) requireDraft(before, `${refused} can't be changed any more.`);
    return changed(operation, before, advance(operation, before, operation.store.invoices.put(after)));
  }),

  route('DELETE', '/v1/invoices/:invoice', noParams, (operation, _given, ids) => {
    const { store } = operation;
    const invoice = findInvoice(operation, ids.invoice);
    requireDraft(invoice, 'only drafts can be deleted. Void it instead.');
    if (invoice.parent?.subscription_details != null) {
      throw invalidRequest("You can't delete an invoice that a subscription made. Finalize and void it.", {
        code: 'invoice_not_editable',
      });
    }
    for (const line of store.invoiceLines.all('invoice', invoice.id)) store.invoiceLines.remove(line.id);
    for (const item of store.invoiceItems.all('invoice', invoice.id)) store.invoiceItems.remove(item.id);
    store.invoices.remove(invoice.id);
    operation.emit('invoice.deleted', invoice);
    return { id: invoice.id, object: 'invoice', deleted: true };
  }),

  route(
    'POST',
    '/v1/invoices/:invoice/finalize',
    params({ auto_advance: boolean.optional() }),
    (request, given, ids) => {
      const invoice = findInvoice(request, ids.invoice);
      return finalizeInvoice(request.at(invoice.customer), invoice, given.auto_advance);
    },
  ),

  route(
    'POST',
    '/v1/invoices/:invoice/pay',
    params({
      off_session: boolean.optional(),
      paid_out_of_band: boolean.optional(),
      payment_method: text.optional(),
    }),
    (request, given, ids) => {
      const found = findInvoice(request, ids.invoice);
      const operation = request.at(found.customer);
      const invoice = found.status === 'draft' ? finalizeInvoice(operation, found) : found;
      if (invoice.status === 'paid') {
        if (found.status === 'draft') return invoice;
        throw invalidRequest('Invoice is already paid', { code: 'invoice_already_paid' });
      }
      if (invoice.status === 'void')
        throw invalidRequest('A void invoice can not be paid.', { code: 'invoice_not_editable' });
      if (given.paid_out_of_band === true) return markPaid(operation, invoice, 0, true);
      const method =
        given.payment_method === undefined ? undefined : findPaymentMethod(operation, given.payment_method);
      if (method !== undefined && method.customer !== invoice.customer) {
        throw invalidRequest('The payment method must be attached to the customer of the invoice.', {
          param: 'payment_method',
        });
      }
      const { invoice: collected, error } = collectInvoice(operation, invoice, 'hand', method);
      if (error !== undefined) throw error;
      return collected;
    },
  ),

  route('POST', '/v1/invoices/:invoice/send', params({}), (request, _given, { invoice: id }) => {
    const found = findInvoice(request, id);
    const operation = request.at(found.customer);
    if (found.status === 'paid' || found.status === 'void') {
      throw invalidRequest(`You can't send an invoice that is ${found.status}.`, {
        code: 'invoice_not_editable',
      });
    }
    const invoice = found.status === 'draft' ? finalizeInvoice(operation, found) : found;
    operation.emit('invoice.sent', invoice);
    return invoice;
  }),

  route('POST', '/v1/invoices/:invoice/void', params({}), (request, _given, { invoice: id }) => {
    const invoice = findInvoice(request, id);
    return voidInvoice(request.at(invoice.customer), invoice);
  }),

  route(
    'POST',
    '/v1/invoices/:invoice/mark_uncollectible',
    params({}),
    (request, _given, { invoice: id }) => {
      const invoice = findInvoice(request, id);
      return markUncollectible(request.at(invoice.customer), invoice);
    },
  ),
];
