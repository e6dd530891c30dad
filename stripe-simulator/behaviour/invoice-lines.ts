/** Lines: from what a request says of them to invoice items on an invoice. */
import { Big } from 'big.js';
import { z } from 'zod';
import { invalidRequest } from '../errors.ts';
import { newId } from '../ids.ts';
import { mergeMetadata } from '../metadata.ts';
import { lineOfItem, MOST_LINES, withLines } from '../objects/invoice.ts';
import { amountOf } from '../objects/price.ts';
import type { Operation } from '../operation.ts';
import {
  boolean,
  integer,
  metadata,
  nonNegativeDecimal,
  nonNegativeInteger,
  text,
  timestamp,
} from '../params.ts';
import type { Invoice, InvoiceItem, Price } from '../wire.ts';
import { findPrice } from './find.ts';
import { priceData, priceFromData } from './price-data.ts';

/** What lines and invoice items have in common. */
export const lineFields = {
  amount: integer.optional(),
  description: text.optional(),
  discountable: boolean.optional(),
  metadata: metadata.optional(),
  period: z.strictObject({ start: timestamp, end: timestamp }).optional(),
  price_data: priceData.optional(),
  pricing: z.strictObject({ price: text }).optional(),
  quantity: nonNegativeInteger.optional(),
  quantity_decimal: nonNegativeDecimal.optional(),
};
const lineSchema = z.strictObject(lineFields);
/**
 * One line as a request has it. Its value is said once (`amount` in cents, `pricing` or `price_data`), which `valueOf`
 * checks, or not at all where a line is changed.
 */
export type LineRequest = z.output<typeof lineSchema>;

interface ItemOwner {
  customer: string;
  /** Null: it waits for the customer's next invoice. */
  invoice: string | null;
  currency: string;
  subscription?: string | undefined;
  /** How the request names this line, for errors: `lines[0]`, or nothing. */
  name: string;
}

/** Stores the invoice item that a line describes. @throws 400 if its amount is not described exactly once. */
export function createInvoiceItem(operation: Operation, line: LineRequest, owner: ItemOwner): InvoiceItem {
  const { store, livemode, now } = operation;
  const { amount, price, quantity } = valueOf(operation, line, owner);
  return store.invoiceItems.put({
    id: newId('ii'),
    object: 'invoiceitem',
    amount,
    currency: owner.currency,
    customer: owner.customer,
    customer_account: null,
    date: now,
    description:
      line.description ?? (price === null ? null : (store.products.get(price.product)?.name ?? null)),
    discountable: line.discountable ?? amount >= 0,
    discounts: [],
    invoice: owner.invoice,
    livemode,
    metadata: mergeMetadata({}, line.metadata),
    parent:
      owner.subscription === undefined
        ? null
        : { subscription_details: { subscription: owner.subscription }, type: 'subscription_details' },
    period: line.period ?? { start: now, end: now },
    pricing: {
      ...(price === null ? {} : { price_details: { price: price.id, product: price.product } }),
      type: 'price_details',
      unit_amount_decimal: price === null ? String(amount) : price.unit_amount_decimal,
    },
    proration: false,
    quantity: Math.trunc(Number(quantity)),
    quantity_decimal: quantity,
    tax_rates: [],
    test_clock: operation.testClock,
  });
}

/**
 * Cents, and where they come from.
 * @throws 400 unless the line says its value exactly once, in the invoice's currency.
 */
export function valueOf(
  operation: Operation,
  line: LineRequest,
  owner: Pick<ItemOwner, 'currency' | 'name'>,
): { amount: number; price: Price | null; quantity: string } {
  const name = (field: string) => (owner.name === '' ? field : `${owner.name}[${field}]`);
  if (line.quantity !== undefined && line.quantity_decimal !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: quantity, quantity_decimal.', {
      param: name('quantity'),
    });
  }
  const quantity = new Big(line.quantity_decimal ?? line.quantity ?? 1).toFixed();
  const ways = [line.amount, line.price_data, line.pricing].filter((way) => way !== undefined).length;
  if (ways !== 1) {
    throw invalidRequest('You must specify exactly one of these parameters: amount, price_data, pricing.', {
      ...(ways === 0 ? { code: 'parameter_missing' } : {}),
      param: name('amount'),
    });
  }
  if (line.amount !== undefined) {
    if (line.quantity !== undefined || line.quantity_decimal !== undefined) {
      throw invalidRequest('You may not specify a quantity together with amount.', {
        param: name('quantity'),
      });
    }
    return { amount: line.amount, price: null, quantity: '1' };
  }
  const price = linePrice(operation, line, name);
  if (price.currency !== owner.currency) {
    throw invalidRequest(
      `The price's currency ${price.currency} does not match the invoice's currency ${owner.currency}.`,
      {
        param: name('price_data'),
      },
    );
  }
  return { amount: amountOf(price, quantity), price, quantity };
}

function linePrice(operation: Operation, line: LineRequest, name: (field: string) => string): Price {
  if (line.pricing !== undefined) {
    const price = findPrice(operation, line.pricing.price, name('pricing'));
    if (price.recurring === null) return price;
    throw invalidRequest(
      'The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`.',
      {
        param: name('pricing'),
      },
    );
  }
  const data = line.price_data;
  if (data === undefined)
    throw invalidRequest('Missing required param: price_data.', { param: name('price_data') });
  return priceFromData(operation, data, name('price_data'));
}

/**
 * Puts items onto a draft, after the lines that are there, and sums it again.
 * @throws 400 if that makes more than `MOST_LINES`.
 */
export function putOnInvoice(operation: Operation, invoice: Invoice, items: readonly InvoiceItem[]): Invoice {
  const { store } = operation;
  const existing = store.invoiceLines.where('invoice', invoice.id).size;
  if (existing + items.length > MOST_LINES) {
    throw invalidRequest(`Invoices may have at most ${MOST_LINES} line items.`, { param: 'lines' });
  }
  for (const item of items) {
    if (item.invoice !== invoice.id) store.invoiceItems.put({ ...item, invoice: invoice.id });
    store.invoiceLines.put(lineOfItem(item, invoice.id));
  }
  return store.invoices.put(withLines(invoice, store.invoiceLines.all('invoice', invoice.id)));
}
