/** Products and prices. */
import { z } from 'zod';
import { findMeter, findPrice, findProduct } from '../behaviour/find.ts';
import { namedOrNewProduct, productData, taxBehavior, unitAmount } from '../behaviour/price-data.ts';
import { invalidRequest } from '../errors.ts';
import { previousAttributes } from '../events.ts';
import { page, within } from '../list.ts';
import { mergeMetadata } from '../metadata.ts';
import { newPrice, newProduct } from '../objects/price.ts';
import type { Operation } from '../operation.ts';
import {
  boolean,
  currency,
  emptyableText,
  integer,
  listParams,
  metadata,
  nonNegativeDecimal,
  nonNegativeInteger,
  oneOf,
  params,
  range,
  text,
} from '../params.ts';
import { route } from '../router.ts';
import type { Price } from '../wire.ts';

const productFields = {
  active: boolean.optional(),
  description: emptyableText.optional(),
  metadata: metadata.optional(),
  statement_descriptor: text.optional(),
  tax_code: emptyableText.optional(),
  unit_label: emptyableText.optional(),
  url: emptyableText.optional(),
};
const createProduct = params({ ...productFields, id: text.optional(), name: text });
const updateProduct = params({ ...productFields, name: text.optional(), default_price: text.optional() });

const createPrice = params({
  active: boolean.optional(),
  billing_scheme: oneOf('per_unit').optional(),
  currency,
  lookup_key: text.optional(),
  metadata: metadata.optional(),
  nickname: text.optional(),
  product: text.optional(),
  product_data: productData.omit({ description: true }).optional(),
  recurring: z
    .strictObject({
      interval: oneOf('month', 'year', 'week', 'day'),
      interval_count: integer.optional(),
      meter: text.optional(),
      usage_type: oneOf('licensed', 'metered').optional(),
    })
    .optional(),
  tax_behavior: taxBehavior.optional(),
  transfer_lookup_key: boolean.optional(),
  transform_quantity: z.strictObject({ divide_by: integer, round: oneOf('down', 'up') }).optional(),
  unit_amount: nonNegativeInteger.optional(),
  unit_amount_decimal: nonNegativeDecimal.optional(),
});

const updatePrice = params({
  active: boolean.optional(),
  lookup_key: emptyableText.optional(),
  metadata: metadata.optional(),
  nickname: emptyableText.optional(),
  tax_behavior: taxBehavior.optional(),
  transfer_lookup_key: boolean.optional(),
});

/** Metered prices name a meter, others must not: https://docs.stripe.com/billing/subscriptions/usage-based */
function recurringOf(operation: Operation, given: z.output<typeof createPrice>): Price['recurring'] {
  const { recurring } = given;
  if (recurring === undefined) return null;
  const usageType = recurring.usage_type ?? 'licensed';
  if (usageType === 'metered' && recurring.meter === undefined) {
    throw invalidRequest(
      'Metered prices must be backed by a meter. Create a billing meter and pass it as `recurring[meter]`.',
      {
        code: 'parameter_missing',
        param: 'recurring[meter]',
      },
    );
  }
  if (usageType === 'licensed' && recurring.meter !== undefined) {
    throw invalidRequest('Only metered prices can have a meter.', { param: 'recurring[meter]' });
  }
  if (recurring.meter !== undefined) findMeter(operation, recurring.meter, 'recurring[meter]');
  return {
    interval: recurring.interval,
    interval_count: recurring.interval_count ?? 1,
    meter: recurring.meter ?? null,
    trial_period_days: null,
    usage_type: usageType,
  };
}

/** Lookup keys are unique; `transfer` takes one from the price that has it. */
function claimLookupKey(operation: Operation, key: string, transfer: boolean): void {
  for (const holder of operation.store.prices.all('lookup_key', key)) {
    if (!transfer) {
      throw invalidRequest(`A price (\`${holder.id}\`) already uses that lookup key.`, {
        code: 'resource_already_exists',
        param: 'lookup_key',
      });
    }
    const updated = operation.store.prices.put({ ...holder, lookup_key: null });
    operation.emit('price.updated', updated, { lookup_key: key });
  }
}

/** `/v1/products` and `/v1/prices`. Neither is ever deleted here: one that is no longer sold is made inactive. */
export const catalogRoutes = [
  route('POST', '/v1/products', createProduct, (operation, given) => {
    if (given.id !== undefined && operation.store.products.get(given.id) !== undefined) {
      throw invalidRequest(`Product already exists with id: ${given.id}`, {
        code: 'resource_already_exists',
        param: 'id',
      });
    }
    const product = newProduct(operation, {
      name: given.name,
      active: given.active ?? true,
      description: given.description ?? null,
      metadata: mergeMetadata({}, given.metadata),
      statement_descriptor: given.statement_descriptor ?? null,
      tax_code: given.tax_code ?? null,
      unit_label: given.unit_label ?? null,
      url: given.url ?? null,
    });
    const stored = operation.store.products.put(
      given.id === undefined ? product : { ...product, id: given.id },
    );
    operation.emit('product.created', stored);
    return stored;
  }),

  route(
    'GET',
    '/v1/products',
    listParams({ active: boolean.optional(), created: range.optional(), ids: z.array(text).optional() }),
    (operation, given) =>
      page(operation.store.products, {
        url: '/v1/products',
        params: given,
        matches: ({ id, active, created }) =>
          (given.active === undefined || active === given.active) &&
          (given.ids === undefined || given.ids.includes(id)) &&
          within(given.created, created),
      }),
  ),

  route('GET', '/v1/products/:product', params({}), (operation, _given, ids) =>
    findProduct(operation, ids.product, 'id'),
  ),

  route('POST', '/v1/products/:product', updateProduct, (operation, given, ids) => {
    const before = findProduct(operation, ids.product, 'id');
    if (given.default_price !== undefined) findPrice(operation, given.default_price, 'default_price');
    const after = operation.store.products.put({
      ...before,
      active: given.active ?? before.active,
      default_price: given.default_price ?? before.default_price ?? null,
      description: given.description === undefined ? before.description : given.description,
      metadata: mergeMetadata(before.metadata, given.metadata),
      name: given.name ?? before.name,
      statement_descriptor: given.statement_descriptor ?? before.statement_descriptor ?? null,
      tax_code: given.tax_code === undefined ? (before.tax_code ?? null) : given.tax_code,
      unit_label: given.unit_label === undefined ? (before.unit_label ?? null) : given.unit_label,
      updated: operation.now,
      url: given.url === undefined ? before.url : given.url,
    });
    operation.emit('product.updated', after, previousAttributes(before, after));
    return after;
  }),

  route('POST', '/v1/prices', createPrice, (operation, given) => {
    const amount = unitAmount(given);
    const recurring = recurringOf(operation, given);
    const product = namedOrNewProduct(operation, given);
    if (given.lookup_key !== undefined)
      claimLookupKey(operation, given.lookup_key, given.transfer_lookup_key === true);
    const price = operation.store.prices.put(
      newPrice(
        operation,
        {
          active: given.active ?? true,
          currency: given.currency,
          lookup_key: given.lookup_key ?? null,
          metadata: mergeMetadata({}, given.metadata),
          nickname: given.nickname ?? null,
          product: product.id,
          recurring,
          tax_behavior: given.tax_behavior ?? 'unspecified',
          transform_quantity: given.transform_quantity ?? null,
        },
        amount,
      ),
    );
    operation.emit('price.created', price);
    return price;
  }),

  route(
    'GET',
    '/v1/prices',
    listParams({
      active: boolean.optional(),
      created: range.optional(),
      currency: currency.optional(),
      lookup_keys: z.array(text).max(10).optional(),
      product: text.optional(),
      recurring: z
        .strictObject({
          interval: oneOf('month', 'year', 'week', 'day').optional(),
          meter: text.optional(),
          usage_type: oneOf('licensed', 'metered').optional(),
        })
        .optional(),
      type: oneOf('one_time', 'recurring').optional(),
    }),
    (operation, given) =>
      page(operation.store.prices, {
        url: '/v1/prices',
        params: given,
        order:
          given.product === undefined ? undefined : operation.store.prices.where('product', given.product),
        matches: (price) =>
          (given.active === undefined || price.active === given.active) &&
          (given.currency === undefined || price.currency === given.currency) &&
          (given.lookup_keys === undefined || given.lookup_keys.includes(price.lookup_key ?? '')) &&
          (given.type === undefined || price.type === given.type) &&
          (given.recurring?.interval === undefined ||
            price.recurring?.interval === given.recurring.interval) &&
          (given.recurring?.meter === undefined || price.recurring?.meter === given.recurring.meter) &&
          (given.recurring?.usage_type === undefined ||
            price.recurring?.usage_type === given.recurring.usage_type) &&
          within(given.created, price.created),
      }),
  ),

  route('GET', '/v1/prices/:price', params({}), (operation, _given, ids) =>
    findPrice(operation, ids.price, 'id'),
  ),

  route('POST', '/v1/prices/:price', updatePrice, (operation, given, ids) => {
    const before = findPrice(operation, ids.price, 'id');
    if (given.lookup_key != null && given.lookup_key !== before.lookup_key) {
      claimLookupKey(operation, given.lookup_key, given.transfer_lookup_key === true);
    }
    const after = operation.store.prices.put({
      ...before,
      active: given.active ?? before.active,
      lookup_key: given.lookup_key === undefined ? before.lookup_key : given.lookup_key,
      metadata: mergeMetadata(before.metadata, given.metadata),
      nickname: given.nickname === undefined ? before.nickname : given.nickname,
      tax_behavior: given.tax_behavior ?? before.tax_behavior,
    });
    operation.emit('price.updated', after, previousAttributes(before, after));
    return after;
  }),
];
