/** What the requests about invoices may say. */
import { z } from 'zod';
import {
  boolean,
  currency,
  emptyableText,
  listParams,
  metadata,
  nonNegativeInteger,
  oneOf,
  params,
  range,
  text,
  timestamp,
} from '../params.ts';

const shared = {
  auto_advance: boolean.optional(),
  automatic_tax: z.strictObject({ enabled: boolean }).optional(),
  collection_method: oneOf('charge_automatically', 'send_invoice').optional(),
  custom_fields: z
    .union([z.literal(''), z.array(z.strictObject({ name: text, value: text })).max(4)])
    .optional(),
  days_until_due: nonNegativeInteger.optional(),
  default_payment_method: emptyableText.optional(),
  description: emptyableText.optional(),
  due_date: timestamp.optional(),
  footer: emptyableText.optional(),
  metadata: metadata.optional(),
  number: text.optional(),
  statement_descriptor: text.optional(),
};
/** What an update takes, and what creating takes of it. https://docs.stripe.com/api/invoices/update */
export const updateSchema = params(shared);
/** What an invoice is made or changed with. */
export type InvoiceFields = z.output<typeof updateSchema>;

/** https://docs.stripe.com/api/invoices/create */
export const createSchema = params({
  ...shared,
  currency: currency.optional(),
  customer: text,
  pending_invoice_items_behavior: oneOf('exclude', 'include').optional(),
  subscription: text.optional(),
});

/** https://docs.stripe.com/api/invoices/list */
export const listSchema = listParams({
  collection_method: oneOf('charge_automatically', 'send_invoice').optional(),
  created: range.optional(),
  customer: text.optional(),
  status: oneOf('draft', 'open', 'paid', 'uncollectible', 'void').optional(),
  subscription: text.optional(),
});
