/** Prices and products that a request describes on the spot instead of naming them. */
import { z } from 'zod';
import { invalidRequest } from '../errors.ts';
import { mergeMetadata } from '../metadata.ts';
import { newPrice, newProduct } from '../objects/price.ts';
import type { Operation } from '../operation.ts';
import { currency, metadata, nonNegativeDecimal, nonNegativeInteger, oneOf, text } from '../params.ts';
import type { Price, Product } from '../wire.ts';
import { findProduct } from './find.ts';

/** Whether a price contains its tax. It is kept and shown; no amount here ever changes by it. */
export const taxBehavior = oneOf('exclusive', 'inclusive', 'unspecified');

/** The `product_data` of a new product, which `namedOrNewProduct` makes. */
export const productData = z.strictObject({
  name: text,
  description: text.optional(),
  metadata: metadata.optional(),
  tax_code: text.optional(),
  unit_label: text.optional(),
});

/** The `price_data` of a one-time price. */
export const priceData = z.strictObject({
  currency,
  product: text.optional(),
  product_data: productData.optional(),
  tax_behavior: taxBehavior.optional(),
  unit_amount: nonNegativeInteger.optional(),
  unit_amount_decimal: nonNegativeDecimal.optional(),
});

/** The amount of one unit in cents, as a decimal string. @throws 400 unless exactly one of the two is given. */
export function unitAmount(
  given: { unit_amount?: number | undefined; unit_amount_decimal?: string | undefined },
  prefix = '',
): string {
  const param = prefix === '' ? 'unit_amount' : `${prefix}[unit_amount]`;
  if (given.unit_amount !== undefined && given.unit_amount_decimal !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: unit_amount, unit_amount_decimal.', {
      param,
    });
  }
  const amount = given.unit_amount_decimal ?? given.unit_amount?.toString();
  if (amount === undefined) {
    throw invalidRequest(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
  }
  return amount;
}

/** The product that is named, or described; `prefix` is where in the request. @throws 400 if it is neither. */
export function namedOrNewProduct(
  operation: Operation,
  given: { product?: string | undefined; product_data?: z.output<typeof productData> | undefined },
  prefix = '',
): Product {
  const param = prefix === '' ? 'product' : `${prefix}[product]`;
  if (given.product !== undefined) return findProduct(operation, given.product, param);
  const data = given.product_data;
  if (data === undefined) {
    throw invalidRequest(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
  }
  const product = operation.store.products.put(
    newProduct(operation, {
      name: data.name,
      description: data.description ?? null,
      metadata: mergeMetadata({}, data.metadata),
      tax_code: data.tax_code ?? null,
      unit_label: data.unit_label ?? null,
    }),
  );
  operation.emit('product.created', product);
  return product;
}

/**
 * The price that `price_data` describes. It is inactive, so nobody can name it; whoever describes the same one of the
 * same product again gets it again, so that a year of invoice lines is not a year of prices.
 */
export function priceFromData(operation: Operation, data: z.output<typeof priceData>, prefix: string): Price {
  const { store } = operation;
  const amount = unitAmount(data, prefix);
  const product = namedOrNewProduct(operation, data, prefix);
  const key = [product.id, data.currency, amount, data.tax_behavior ?? ''].join(' ');
  const known = store.prices.get(store.inlinePrices.get(key)?.price ?? '');
  if (known !== undefined && !known.active) return known;
  const fields = {
    active: false,
    currency: data.currency,
    product: product.id,
    tax_behavior: data.tax_behavior ?? 'unspecified',
  };
  const price = store.prices.put(newPrice(operation, fields, amount));
  store.inlinePrices.put({ id: key, price: price.id });
  return price;
}
