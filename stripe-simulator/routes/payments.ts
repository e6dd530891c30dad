/** Charges, refunds and invoice payments. */
import { z } from 'zod';
import { findCharge, findOrMissing, findPaymentIntent } from '../behaviour/find.ts';
import { createRefund } from '../behaviour/refunds.ts';
import { invalidRequest } from '../errors.ts';
import { previousAttributes } from '../events.ts';
import { page, within } from '../list.ts';
import { mergeMetadata } from '../metadata.ts';
import type { Operation } from '../operation.ts';
import { integer, listParams, metadata, oneOf, params, range, text } from '../params.ts';
import { route } from '../router.ts';
import type { Charge } from '../wire.ts';

const refundSchema = params({
  amount: integer.optional(),
  charge: text.optional(),
  metadata: metadata.optional(),
  payment_intent: text.optional(),
  reason: oneOf('duplicate', 'fraudulent', 'requested_by_customer').optional(),
});

function refundedCharge(operation: Operation, given: z.output<typeof refundSchema>): Charge {
  if (given.charge !== undefined) return findCharge(operation, given.charge);
  if (given.payment_intent === undefined) {
    throw invalidRequest(
      'One of the following params should be provided for this request: payment_intent or charge.',
      {
        code: 'parameter_missing',
      },
    );
  }
  const { latest_charge: charge } = findPaymentIntent(operation, given.payment_intent);
  if (charge === null)
    throw invalidRequest('This PaymentIntent does not have a successful charge to refund.');
  return findCharge(operation, charge);
}

/**
 * `/v1/charges` and `/v1/invoice_payments`, which can only be read, and `/v1/refunds`.
 * https://docs.stripe.com/api/refunds
 */
export const paymentRoutes = [
  route(
    'GET',
    '/v1/charges',
    listParams({ customer: text.optional(), payment_intent: text.optional(), created: range.optional() }),
    (operation, given) => {
      const { charges } = operation.store;
      return page(charges, {
        url: '/v1/charges',
        params: given,
        order:
          given.payment_intent !== undefined
            ? charges.where('payment_intent', given.payment_intent)
            : given.customer !== undefined
              ? charges.where('customer', given.customer)
              : undefined,
        matches: ({ created, customer }) =>
          within(given.created, created) && (given.customer === undefined || customer === given.customer),
      });
    },
  ),

  route('GET', '/v1/charges/:charge', params({}), (operation, _given, { charge }) =>
    findCharge(operation, charge, 'id'),
  ),

  route(
    'GET',
    '/v1/invoice_payments',
    listParams({
      invoice: text.optional(),
      payment: z
        .strictObject({
          payment_intent: text.optional(),
          type: oneOf('payment_intent', 'payment_record'),
        })
        .optional(),
      status: oneOf('canceled', 'open', 'paid').optional(),
    }),
    (operation, given) => {
      const { invoicePayments } = operation.store;
      const { payment_intent: intent, type } = given.payment ?? {};
      return page(invoicePayments, {
        url: '/v1/invoice_payments',
        params: given,
        order:
          intent !== undefined
            ? invoicePayments.where('payment_intent', intent)
            : given.invoice !== undefined
              ? invoicePayments.where('invoice', given.invoice)
              : undefined,
        matches: ({ invoice, payment, status }) =>
          (given.invoice === undefined || invoice === given.invoice) &&
          (type === undefined || payment.type === type) &&
          (given.status === undefined || status === given.status),
      });
    },
  ),

  route('GET', '/v1/invoice_payments/:payment', params({}), (operation, _given, { payment }) =>
    findOrMissing(operation, 'invoice_payment', (store) => store.invoicePayments, payment, 'id'),
  ),

  route('POST', '/v1/refunds', refundSchema, (operation, given) => {
    const charge = refundedCharge(operation, given);
    return createRefund(operation.at(charge.customer), charge, {
      amount: given.amount,
      metadata: mergeMetadata({}, given.metadata),
      reason: given.reason ?? null,
    });
  }),

  route(
    'GET',
    '/v1/refunds',
    listParams({ charge: text.optional(), created: range.optional(), payment_intent: text.optional() }),
    (operation, given) =>
      page(operation.store.refunds, {
        url: '/v1/refunds',
        params: given,
        order: given.charge === undefined ? undefined : operation.store.refunds.where('charge', given.charge),
        matches: (refund) =>
          within(given.created, refund.created) &&
          (given.payment_intent === undefined || refund.payment_intent === given.payment_intent),
      }),
  ),

  route(
    'POST',
    '/v1/refunds/:refund',
    params({ metadata: metadata.optional() }),
    (operation, given, { refund }) => {
      const before = findOrMissing(operation, 'refund', (store) => store.refunds, refund, 'id');
      const after = operation.store.refunds.put({
        ...before,
        metadata: mergeMetadata(before.metadata, given.metadata),
      });
      operation.emit('refund.updated', after, previousAttributes(before, after));
      return after;
    },
  ),

  route('GET', '/v1/refunds/:refund', params({}), (operation, _given, { refund }) =>
    findOrMissing(operation, 'refund', (store) => store.refunds, refund, 'id'),
  ),
];
