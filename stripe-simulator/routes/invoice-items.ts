import { requireDraft } from '../behaviour/finalization.ts';
import { findCustomer, findInvoice, findOrMissing, findSubscription } from '../behaviour/find.ts';
import { createInvoiceItem, lineFields, putOnInvoice } from '../behaviour/invoice-lines.ts';
import { priceData } from '../behaviour/price-data.ts';
import { invalidRequest } from '../errors.ts';
import { page } from '../list.ts';
import { boolean, currency, listParams, noParams, params, text } from '../params.ts';
import { route } from '../router.ts';

const createSchema = params({
  ...lineFields,
  // Only products that are there already: Stripe makes none for an invoice item.
  price_data: priceData.omit({ product_data: true }).optional(),
  currency: currency.optional(),
  customer: text,
  invoice: text.optional(),
  subscription: text.optional(),
});

/**
 * `/v1/invoiceitems`: one waits for the customer's next invoice, or goes on a draft.
 * https://docs.stripe.com/api/invoiceitems
 */
export const invoiceItemRoutes = [
  route('POST', '/v1/invoiceitems', createSchema, (request, given) => {
    const customer = findCustomer(request, given.customer);
    const operation = request.at(customer.id);
    const invoice =
      given.invoice === undefined ? undefined : findInvoice(operation, given.invoice, 'invoice');
    if (invoice !== undefined) requireDraft(invoice, 'items can only be added to drafts.');
    if (given.subscription !== undefined) findSubscription(operation, given.subscription, 'subscription');
    const item = createInvoiceItem(operation, given, {
      customer: customer.id,
      invoice: invoice?.id ?? null,
      currency:
        given.currency ?? given.price_data?.currency ?? invoice?.currency ?? customer.currency ?? 'usd',
      subscription: given.subscription,
      name: '',
    });
    if (invoice !== undefined) putOnInvoice(operation, invoice, [item]);
    operation.emit('invoiceitem.created', item);
    return item;
  }),

  route(
    'GET',
    '/v1/invoiceitems',
    listParams({ customer: text.optional(), invoice: text.optional(), pending: boolean.optional() }),
    (operation, given) => {
      const { invoiceItems } = operation.store;
      return page(invoiceItems, {
        url: '/v1/invoiceitems',
        params: given,
        order:
          given.invoice !== undefined
            ? invoiceItems.where('invoice', given.invoice)
            : given.customer !== undefined
              ? invoiceItems.where('customer', given.customer)
              : undefined,
        matches: (item) =>
          (given.customer === undefined || item.customer === given.customer) &&
          (given.pending === undefined || (item.invoice === null) === given.pending),
      });
    },
  ),

  route('GET', '/v1/invoiceitems/:item', params({}), (operation, _given, { item }) =>
    findOrMissing(operation, 'invoiceitem', (store) => store.invoiceItems, item, 'id'),
  ),

  route('DELETE', '/v1/invoiceitems/:item', noParams, (operation, _given, ids) => {
    const item = findOrMissing(operation, 'invoiceitem', (store) => store.invoiceItems, ids.item, 'id');
    if (item.invoice !== null)
      throw invalidRequest("An invoice item that is on an invoice can't be deleted here.");
    operation.store.invoiceItems.remove(item.id);
    operation.emit('invoiceitem.deleted', item);
    return { id: item.id, object: 'invoiceitem', deleted: true };
  }),
];
