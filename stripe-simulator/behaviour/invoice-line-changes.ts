/** Changing and removing the lines of a draft. */
import { invalidRequest } from '../errors.ts';
import { mergeMetadata } from '../metadata.ts';
import { withLines } from '../objects/invoice.ts';
import type { Operation } from '../operation.ts';
import type { Invoice, InvoiceItem, InvoiceLineItem } from '../wire.ts';
import type { LineRequest } from './invoice-lines.ts';
import { valueOf } from './invoice-lines.ts';

/** @throws 400 if the invoice has no such line; `param` is where in the request it is named. */
function findLine({ store }: Operation, invoice: Invoice, id: string, param: string): InvoiceLineItem {
  const line = store.invoiceLines.get(id);
  if (line?.invoice === invoice.id) return line;
  throw invalidRequest(`No such invoice line item: '${id}'`, { code: 'resource_missing', param });
}

/** The invoice item behind a line; lines of a subscription have none. */
function itemOf({ store }: Operation, line: InvoiceLineItem): InvoiceItem | undefined {
  return store.invoiceItems.get(line.parent?.invoice_item_details?.invoice_item ?? '');
}

/** A way to say the value that a line has after the change: what is not named stays. */
function valueRequest(line: InvoiceLineItem, change: LineRequest): LineRequest | undefined {
  const { amount, price_data: priceData, pricing, quantity, quantity_decimal: decimal } = change;
  if (amount !== undefined) return { amount };
  const price = line.pricing?.price_details?.price;
  const count = quantity === undefined && decimal === undefined ? line.quantity_decimal : decimal;
  const counted = { quantity, quantity_decimal: count ?? undefined };
  if (priceData !== undefined) return { price_data: priceData, ...counted };
  if (pricing !== undefined) return { pricing, ...counted };
  if (quantity === undefined && decimal === undefined) return undefined;
  return price === undefined ? { ...counted, amount: line.amount } : { pricing: { price }, ...counted };
}

/** Changes one line, and the invoice item behind it. `name` is how the request names it, for errors. */
export function updateLine(
  operation: Operation,
  invoice: Invoice,
  id: string,
  change: LineRequest,
  name: string,
): InvoiceLineItem {
  const { store } = operation;
  const line = findLine(operation, invoice, id, name === '' ? 'id' : `${name}[id]`);
  const request = valueRequest(line, change);
  const value =
    request === undefined
      ? {
          amount: line.amount,
          pricing: line.pricing,
          quantity: line.quantity ?? 1,
          quantity_decimal: line.quantity_decimal ?? '1',
        }
      : pricedFields(valueOf(operation, request, { currency: invoice.currency, name }));
  const fields = {
    ...value,
    description: change.description ?? line.description,
    discountable: change.discountable ?? line.discountable,
    metadata: mergeMetadata(line.metadata, change.metadata),
    period: change.period ?? line.period,
  };
  const item = itemOf(operation, line);
  if (item !== undefined) store.invoiceItems.put({ ...item, ...fields });
  return store.invoiceLines.put({ ...line, ...fields, subtotal: value.amount });
}

function pricedFields({ amount, price, quantity }: ReturnType<typeof valueOf>) {
  return {
    amount,
    pricing: {
      ...(price === null ? {} : { price_details: { price: price.id, product: price.product } }),
      type: 'price_details',
      unit_amount_decimal: price === null ? String(amount) : price.unit_amount_decimal,
    },
    quantity: Math.trunc(Number(quantity)),
    quantity_decimal: quantity,
  } as const;
}

/** Takes one line off: its invoice item is deleted, or waits for the next invoice (`unassign`). */
export function removeLine(
  operation: Operation,
  invoice: Invoice,
  removal: { id: string; behavior: 'delete' | 'unassign' },
  name: string,
): void {
  const { store } = operation;
  const line = findLine(operation, invoice, removal.id, `${name}[id]`);
  const item = itemOf(operation, line);
  if (removal.behavior === 'unassign' && item === undefined) {
    throw invalidRequest('Only lines that stem from an invoice item can be unassigned.', {
      param: `${name}[behavior]`,
    });
  }
  store.invoiceLines.remove(line.id);
  if (item === undefined) return;
  if (removal.behavior === 'unassign') store.invoiceItems.put({ ...item, invoice: null });
  else store.invoiceItems.remove(item.id);
}

/** The draft with its lines counted again. */
export function summed({ store }: Operation, invoice: Invoice): Invoice {
  return store.invoices.put(withLines(invoice, store.invoiceLines.all('invoice', invoice.id)));
}
