import { z } from 'zod';
import { findCustomer, findSubscription } from '../behaviour/find.ts';
import type { LineRequest } from '../behaviour/invoice-lines.ts';
import { previewInvoice } from '../behaviour/invoice-preview.ts';
import { priceData } from '../behaviour/price-data.ts';
import { changedItems } from '../behaviour/subscription-items.ts';
import { invalidRequest } from '../errors.ts';
import { mergeMetadata } from '../metadata.ts';
import type { Operation } from '../operation.ts';
import {
  boolean,
  currency,
  integer,
  metadata,
  nonNegativeDecimal,
  nonNegativeInteger,
  oneOf,
  params,
  text,
  timestamp,
} from '../params.ts';
import { route } from '../router.ts';
import type { Customer } from '../wire.ts';
import { itemChange } from './subscription-params.ts';

const previewItem = z.strictObject({
  amount: integer.optional(),
  currency: currency.optional(),
  description: text.optional(),
  discountable: boolean.optional(),
  metadata: metadata.optional(),
  period: z.strictObject({ start: timestamp, end: timestamp }).optional(),
  price: text.optional(),
  price_data: priceData.omit({ product_data: true }).optional(),
  quantity: nonNegativeInteger.optional(),
  quantity_decimal: nonNegativeDecimal.optional(),
});

const schema = params({
  automatic_tax: z.strictObject({ enabled: boolean }).optional(),
  currency: currency.optional(),
  customer: text.optional(),
  invoice_items: z.array(previewItem).max(250).optional(),
  preview_mode: oneOf('next', 'recurring').optional(),
  subscription: text.optional(),
  subscription_details: z
    .strictObject({
      cancel_now: boolean.optional(),
      items: z.array(itemChange).max(20).optional(),
      proration_behavior: oneOf('always_invoice', 'create_prorations', 'none').optional(),
    })
    .optional(),
});
type Given = z.output<typeof schema>;

function lineRequest({ currency: _currency, price, ...line }: z.output<typeof previewItem>): LineRequest {
  return { ...line, ...(price === undefined ? {} : { pricing: { price } }) };
}

function customerOf(operation: Operation, given: Given): Customer {
  const owner =
    given.subscription === undefined
      ? given.customer
      : findSubscription(operation, given.subscription, 'subscription').customer;
  if (owner === undefined) {
    throw invalidRequest('Missing required param: customer.', {
      code: 'parameter_missing',
      param: 'customer',
    });
  }
  if (given.customer !== undefined && given.customer !== owner) {
    throw invalidRequest('The subscription does not belong to the customer.', { param: 'customer' });
  }
  return findCustomer(operation, owner);
}

/** The subscription that is named, with the changes that are asked about. */
function namedSubscription(operation: Operation, given: Given) {
  if (given.subscription === undefined) return undefined;
  const subscription = findSubscription(operation, given.subscription, 'subscription');
  const { items } = given.subscription_details ?? {};
  return items === undefined
    ? subscription
    : { ...subscription, items: changedItems(operation, subscription, items) };
}

/** The subscription that its items describe, where none is named. */
function newRequest(customer: Customer, given: Given) {
  const { items, proration_behavior: proration } = given.subscription_details ?? {};
  if (given.subscription !== undefined || items === undefined) return undefined;
  return {
    customer,
    items: items.map(({ price, quantity, metadata: itemMetadata }, index) => {
      if (price !== undefined) return { price, quantity, metadata: mergeMetadata({}, itemMetadata) };
      const param = `subscription_details[items][${index}][price]`;
      throw invalidRequest(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
    }),
    anchor: undefined,
    anchorConfig: null,
    prorate: proration !== 'none',
    paymentBehavior: 'allow_incomplete' as const,
    fields: {},
  };
}

/** `POST /v1/invoices/create_preview`: what would come, with ids that nothing else has; nothing is changed. */
export const invoicePreviewRoutes = [
  route('POST', '/v1/invoices/create_preview', schema, (request, given) => {
    const customer = customerOf(request, given);
    const operation = request.at(customer.id);
    const preview = previewInvoice(operation, {
      customer,
      currency: given.currency ?? customer.currency ?? 'usd',
      items: (given.invoice_items ?? []).map(lineRequest),
      subscription: namedSubscription(operation, given),
      cancelNow: given.subscription_details?.cancel_now === true,
      created: newRequest(customer, given),
      recurring: given.preview_mode === 'recurring',
    });
    return given.automatic_tax?.enabled === true
      ? { ...preview, automatic_tax: { ...preview.automatic_tax, enabled: true, status: 'complete' } }
      : preview;
  }),
];
