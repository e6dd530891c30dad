/** What a payment-mode Checkout session sells. */
import { z } from 'zod';
import { invalidRequest } from '../errors.ts';
import { newId } from '../ids.ts';
import { mergeMetadata } from '../metadata.ts';
import { amountOf } from '../objects/price.ts';
import type { Operation } from '../operation.ts';
import { integer, metadata, text } from '../params.ts';
import type { CheckoutLine } from '../store.ts';
import type { Price } from '../wire.ts';
import { findPrice } from './find.ts';
import { priceData, priceFromData } from './price-data.ts';

/**
 * One entry of a session's `line_items`: a price that exists or `price_data`, one of it unless `quantity` says
 * more.
 */
export const checkoutLineSchema = z.strictObject({
  metadata: metadata.optional(),
  price: text.optional(),
  price_data: priceData.optional(),
  quantity: integer.optional(),
});
type LineItemRequest = z.output<typeof checkoutLineSchema>;

/** The price of a line: one that exists, or one made of `price_data`, which nobody can use again. */
function priceOf(operation: Operation, line: LineItemRequest, name: string): Price {
  if (line.price !== undefined) {
    const price = findPrice(operation, line.price, `${name}[price]`);
    if (price.recurring !== null) {
      throw invalidRequest(
        'You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.',
        {
          param: `${name}[price]`,
        },
      );
    }
    return price;
  }
  const data = line.price_data;
  if (data === undefined) {
    throw invalidRequest(`Missing required param: ${name}[price].`, {
      code: 'parameter_missing',
      param: `${name}[price]`,
    });
  }
  return priceFromData(operation, data, `${name}[price_data]`);
}

/** Stores one line. @throws 400 if its price is recurring, or its quantity less than one. */
export function createCheckoutLine(
  operation: Operation,
  session: string,
  line: LineItemRequest,
  index: number,
): CheckoutLine {
  const price = priceOf(operation, line, `line_items[${index}]`);
  const quantity = line.quantity ?? 1;
  if (quantity < 1)
    throw invalidRequest('Quantity must be at least 1.', { param: `line_items[${index}][quantity]` });
  const amount = amountOf(price, String(quantity));
  return operation.store.checkoutLines.put({
    id: newId('li'),
    object: 'item',
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency: price.currency,
    description: operation.store.products.get(price.product)?.name ?? null,
    metadata: mergeMetadata({}, line.metadata),
    price,
    quantity,
    session,
  });
}
