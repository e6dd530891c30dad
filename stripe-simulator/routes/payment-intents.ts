/** Payment intents. */
import { z } from 'zod';
import { findCustomer, findPaymentIntent } from '../behaviour/find.ts';
import { expectOwn, expectStatus, methodFor, methodSelection, UNSETTLED } from '../behaviour/intents.ts';
import { cancelIntent, captureIntent, confirmIntent, expectAmount } from '../behaviour/payment-intents.ts';
import { invalidRequest } from '../errors.ts';
import { page, within } from '../list.ts';
import { mergeMetadata } from '../metadata.ts';
import { newPaymentIntent } from '../objects/payment.ts';
import type { Operation } from '../operation.ts';
import {
  boolean,
  currency,
  emptyableText,
  integer,
  listParams,
  metadata,
  oneOf,
  params,
  range,
  text,
  url,
} from '../params.ts';
import { route } from '../router.ts';
import type { PaymentIntent } from '../wire.ts';
import { automaticMethods, methodTypes, shipping, shippingOf } from './intent-params.ts';

/** What says how an attempt is made. */
const confirmation = {
  error_on_requires_action: boolean.optional(),
  off_session: z.union([boolean, oneOf('one_off', 'recurring')]).optional(),
  return_url: url.optional(),
};

const described = {
  description: emptyableText.optional(),
  metadata: metadata.optional(),
  receipt_email: emptyableText.optional(),
  shipping: shipping.optional(),
  statement_descriptor_suffix: emptyableText.optional(),
};

const captureMethod = oneOf('automatic', 'automatic_async', 'manual').optional();
const futureUsage = oneOf('off_session', 'on_session').optional();

const create = params({
  ...confirmation,
  ...described,
  amount: integer,
  allowed_payment_method_types: methodTypes.optional(),
  automatic_payment_methods: automaticMethods.optional(),
  capture_method: captureMethod,
  confirm: boolean.optional(),
  currency,
  customer: text.optional(),
  payment_method: text.optional(),
  payment_method_types: methodTypes.optional(),
  setup_future_usage: futureUsage,
});

const update = params({
  ...described,
  amount: integer.optional(),
  capture_method: captureMethod,
  currency: currency.optional(),
  customer: text.optional(),
  payment_method: emptyableText.optional(),
  setup_future_usage: z.union([futureUsage, z.literal('').transform(() => null)]),
});

const confirm = params({
  ...confirmation,
  capture_method: captureMethod,
  payment_method: text.optional(),
  setup_future_usage: futureUsage,
});

const METHOD_OPTIONS: PaymentIntent['payment_method_options'] = {
  card: { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' },
};

function attempt(
  operation: Operation,
  intent: PaymentIntent,
  given: Pick<z.output<typeof confirm>, keyof typeof confirmation>,
): PaymentIntent {
  return confirmIntent(operation, intent, {
    errorOnRequiresAction: given.error_on_requires_action === true,
    offSession: given.off_session !== undefined && given.off_session !== false,
    returnUrl: given.return_url,
  });
}

/** What a request says about what the intent is for, over what it was. */
function describe(
  before: Pick<PaymentIntent, keyof typeof described>,
  given: z.output<z.ZodObject<typeof described>>,
): Pick<PaymentIntent, keyof typeof described> {
  const { description, receipt_email: email, statement_descriptor_suffix: suffix } = given;
  return {
    description: description === undefined ? before.description : description,
    metadata: mergeMetadata(before.metadata, given.metadata),
    receipt_email: email === undefined ? before.receipt_email : email,
    shipping: given.shipping === undefined ? before.shipping : shippingOf(given.shipping),
    statement_descriptor_suffix: suffix === undefined ? before.statement_descriptor_suffix : suffix,
  };
}

function createIntent(operation: Operation, given: z.output<typeof create>): PaymentIntent {
  expectAmount(given.amount, given.currency);
  for (const name of ['error_on_requires_action', 'off_session', 'return_url'] as const) {
    if (given[name] !== undefined && given.confirm !== true)
      throw invalidRequest(`You can only pass \`${name}\` with \`confirm\` set to true.`, { param: name });
  }
  const customer = given.customer === undefined ? null : findCustomer(operation, given.customer).id;
  const method =
    given.payment_method === undefined
      ? null
      : methodFor(operation, 'payment_intent', given.payment_method, customer).id;
  const fresh = newPaymentIntent(operation, {
    ...methodSelection(given),
    amount: given.amount,
    capture_method: given.capture_method ?? 'automatic_async',
    currency: given.currency,
    customer,
    payment_method: method,
    payment_method_options: METHOD_OPTIONS,
    setup_future_usage: given.setup_future_usage ?? null,
    status: method === null ? 'requires_payment_method' : 'requires_confirmation',
  });
  const intent = operation.store.paymentIntents.put({ ...fresh, ...describe(fresh, given) });
  operation.emit('payment_intent.created', intent);
  return given.confirm === true ? attempt(operation, intent, given) : intent;
}

/** A change to what is paid, by whom and with what. @throws 400 once that is settled. */
function changed(
  operation: Operation,
  before: PaymentIntent,
  given: z.output<typeof update>,
): Partial<PaymentIntent> {
  const { amount, capture_method, currency: code, customer, payment_method: id, setup_future_usage } = given;
  const change = { amount, capture_method, currency: code, customer, id, setup_future_usage };
  if (Object.values(change).every((value) => value === undefined)) return {};
  expectOwn(operation, before);
  expectStatus(before, 'update', UNSETTLED);
  if (customer !== undefined && before.customer !== null && customer !== before.customer) {
    throw invalidRequest(
      'You cannot modify `customer` on a PaymentIntent once it already has been set. To fulfill a payment with a different Customer, cancel this PaymentIntent and create a new one.',
      { param: 'customer' },
    );
  }
  expectAmount(amount ?? before.amount, code ?? before.currency);
  const owner = customer === undefined ? before.customer : findCustomer(operation, customer).id;
  const chosen = id === undefined ? before.payment_method : id;
  const method = chosen === null ? null : methodFor(operation, 'payment_intent', chosen, owner).id;
  return {
    amount: amount ?? before.amount,
    capture_method: capture_method ?? before.capture_method,
    currency: code ?? before.currency,
    customer: owner,
    next_action: null,
    payment_method: method,
    setup_future_usage: setup_future_usage === undefined ? before.setup_future_usage : setup_future_usage,
    status: method === null ? 'requires_payment_method' : 'requires_confirmation',
  };
}

/** `/v1/payment_intents`. Those of Checkout and of invoices can be read here, but not confirmed or canceled. */
export const paymentIntentRoutes = [
  route('POST', '/v1/payment_intents', create, (operation, given) =>
    createIntent(operation.at(given.customer ?? null), given),
  ),

  route(
    'GET',
    '/v1/payment_intents',
    listParams({ customer: text.optional(), created: range.optional() }),
    ({ store: { paymentIntents } }, given) =>
      page(paymentIntents, {
        url: '/v1/payment_intents',
        params: given,
        order: given.customer === undefined ? undefined : paymentIntents.where('customer', given.customer),
        matches: ({ created }) => within(given.created, created),
      }),
  ),

  route('GET', '/v1/payment_intents/:intent', params({}), (operation, _given, { intent }) =>
    findPaymentIntent(operation, intent, 'id'),
  ),

  route('POST', '/v1/payment_intents/:intent', update, (operation, given, { intent }) => {
    const before = findPaymentIntent(operation, intent, 'id');
    return operation.store.paymentIntents.put({
      ...before,
      ...changed(operation, before, given),
      ...describe(before, given),
    });
  }),

  route('POST', '/v1/payment_intents/:intent/confirm', confirm, (operation, given, { intent }) => {
    const found = findPaymentIntent(operation, intent, 'id');
    // Refused before the request's method can replace the one that paid.
    expectStatus(found, 'confirm', UNSETTLED);
    const { payment_method: id } = given;
    const ready: PaymentIntent = {
      ...found,
      capture_method: given.capture_method ?? found.capture_method,
      payment_method:
        id === undefined
          ? found.payment_method
          : methodFor(operation, 'payment_intent', id, found.customer).id,
      setup_future_usage: given.setup_future_usage ?? found.setup_future_usage,
    };
    return attempt(operation.at(found.customer), ready, given);
  }),

  route(
    'POST',
    '/v1/payment_intents/:intent/capture',
    params({ amount_to_capture: integer.optional(), metadata: metadata.optional() }),
    (operation, given, { intent }) => {
      const found = findPaymentIntent(operation, intent, 'id');
      const described = { ...found, metadata: mergeMetadata(found.metadata, given.metadata) };
      return captureIntent(operation.at(found.customer), described, given.amount_to_capture);
    },
  ),

  route(
    'POST',
    '/v1/payment_intents/:intent/cancel',
    params({
      cancellation_reason: oneOf('abandoned', 'duplicate', 'fraudulent', 'requested_by_customer').optional(),
    }),
    (operation, given, { intent }) => {
      const found = findPaymentIntent(operation, intent, 'id');
      return cancelIntent(operation.at(found.customer), found, given.cancellation_reason ?? null);
    },
  ),
];
