import { z } from 'zod';
import { expireSession } from '../behaviour/checkout-completion.ts';
import { checkoutLineSchema, createCheckoutLine } from '../behaviour/checkout-lines.ts';
import { findCustomer, findOrMissing } from '../behaviour/find.ts';
import { MINIMUM_CHARGE } from '../behaviour/payments.ts';
import { invalidRequest } from '../errors.ts';
import { newId } from '../ids.ts';
import { page, within } from '../list.ts';
import { mergeMetadata } from '../metadata.ts';
import { newCheckoutSession } from '../objects/checkout-session.ts';
import { newPaymentIntent, newSetupIntent } from '../objects/payment.ts';
import type { Operation } from '../operation.ts';
import { currency, listParams, metadata, oneOf, params, range, text, timestamp, url } from '../params.ts';
import { route } from '../router.ts';
import type { CheckoutSession } from '../wire.ts';
import { shipping, shippingOf } from './intent-params.ts';

const create = params({
  cancel_url: url.optional(),
  client_reference_id: text.optional(),
  currency: currency.optional(),
  customer: text.optional(),
  customer_creation: oneOf('always', 'if_required').optional(),
  customer_email: text.optional(),
  expires_at: timestamp.optional(),
  line_items: z.array(checkoutLineSchema).max(100).optional(),
  metadata: metadata.optional(),
  mode: oneOf('payment', 'setup'),
  payment_intent_data: z
    .strictObject({
      description: text.optional(),
      metadata: metadata.optional(),
      setup_future_usage: oneOf('off_session', 'on_session').optional(),
      shipping: shipping.optional(),
    })
    .optional(),
  setup_intent_data: z
    .strictObject({ description: text.optional(), metadata: metadata.optional() })
    .optional(),
  success_url: text.optional(),
});
type SessionRequest = z.output<typeof create>;

function findSession(operation: Operation, id: string): CheckoutSession {
  return findOrMissing(operation, 'checkout.session', (store) => store.checkoutSessions, id, 'id');
}

/** The fields that both modes have. */
function base(operation: Operation, given: SessionRequest): CheckoutSession {
  const id = newId(operation.livemode ? 'cs_live' : 'cs_test', 58);
  const customer = given.customer === undefined ? null : findCustomer(operation, given.customer);
  if (given.success_url === undefined) {
    throw invalidRequest('Missing required param: success_url.', {
      code: 'parameter_missing',
      param: 'success_url',
    });
  }
  const email = customer?.email ?? given.customer_email ?? null;
  return newCheckoutSession(operation, {
    id,
    mode: given.mode,
    cancel_url: given.cancel_url ?? null,
    client_reference_id: given.client_reference_id ?? null,
    customer: customer?.id ?? null,
    customer_details: {
      address: null,
      business_name: null,
      email,
      individual_name: null,
      name: customer?.name ?? null,
      phone: null,
      tax_exempt: 'none',
      tax_ids: null,
    },
    customer_email: given.customer_email ?? null,
    metadata: mergeMetadata({}, given.metadata),
    success_url: given.success_url,
    url: `${operation.settings.baseUrl}/_sim/checkout/${id}`,
    ...(given.expires_at === undefined ? {} : { expires_at: given.expires_at }),
  });
}

function createSetup(operation: Operation, given: SessionRequest): CheckoutSession {
  if (given.currency === undefined) {
    throw invalidRequest('Missing required param: currency. It is required in `setup` mode.', {
      code: 'parameter_missing',
      param: 'currency',
    });
  }
  for (const name of ['line_items', 'payment_intent_data'] as const) {
    if (given[name] !== undefined) {
      throw invalidRequest(`You can not pass \`${name}\` in \`setup\` mode.`, { param: name });
    }
  }
  const session = base(operation, given);
  const intent = operation.store.setupIntents.put(
    newSetupIntent(operation, {
      customer: session.customer,
      description: given.setup_intent_data?.description ?? null,
      metadata: mergeMetadata({}, given.setup_intent_data?.metadata),
    }),
  );
  operation.emit('setup_intent.created', intent);
  return operation.store.checkoutSessions.put({
    ...session,
    currency: given.currency,
    payment_status: 'no_payment_required',
    setup_intent: intent.id,
  });
}

function createPayment(operation: Operation, given: SessionRequest): CheckoutSession {
  const { line_items: requested = [] } = given;
  if (requested.length === 0) {
    throw invalidRequest('Missing required param: line_items.', {
      code: 'parameter_missing',
      param: 'line_items',
    });
  }
  const session = base(operation, given);
  const lines = requested.map((line, index) => createCheckoutLine(operation, session.id, line, index));
  const [first] = lines;
  const total = lines.reduce((sum, { amount_total: amount }) => sum + amount, 0);
  if (lines.some((line) => line.currency !== first?.currency)) {
    throw invalidRequest('All line items of a Checkout Session must have the same currency.', {
      param: 'line_items',
    });
  }
  if (total < MINIMUM_CHARGE) {
    throw invalidRequest("The Checkout Session's total amount must be at least 50 cents.", {
      code: 'amount_too_small',
    });
  }
  const intent = operation.store.paymentIntents.put(
    newPaymentIntent(operation, {
      amount: total,
      currency: first?.currency ?? 'usd',
      customer: session.customer,
      description: given.payment_intent_data?.description ?? null,
      metadata: mergeMetadata({}, given.payment_intent_data?.metadata),
      setup_future_usage: given.payment_intent_data?.setup_future_usage ?? null,
      shipping: shippingOf(given.payment_intent_data?.shipping),
    }),
  );
  operation.emit('payment_intent.created', intent);
  return operation.store.checkoutSessions.put({
    ...session,
    amount_subtotal: total,
    amount_total: total,
    currency: intent.currency,
    customer_creation: session.customer === null ? (given.customer_creation ?? 'if_required') : null,
    payment_intent: intent.id,
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
  });
}

/** The clock ends it if nobody completes it. */
function openSession(operation: Operation, session: CheckoutSession): CheckoutSession {
  operation.schedule('expire_checkout_session', session.id, (session.expires_at - operation.now) * 1_000);
  return session;
}

/** `/v1/checkout/sessions` in the modes `payment` and `setup`. https://docs.stripe.com/api/checkout/sessions */
export const checkoutSessionRoutes = [
  route('POST', '/v1/checkout/sessions', create, (operation, given) =>
    openSession(
      operation,
      given.mode === 'setup' ? createSetup(operation, given) : createPayment(operation, given),
    ),
  ),

  route(
    'GET',
    '/v1/checkout/sessions',
    listParams({
      created: range.optional(),
      customer: text.optional(),
      payment_intent: text.optional(),
      status: oneOf('complete', 'expired', 'open').optional(),
    }),
    (operation, given) =>
      page(operation.store.checkoutSessions, {
        url: '/v1/checkout/sessions',
        params: given,
        order:
          given.customer === undefined
            ? undefined
            : operation.store.checkoutSessions.where('customer', given.customer),
        matches: (session) =>
          (given.status === undefined || session.status === given.status) &&
          (given.payment_intent === undefined || session.payment_intent === given.payment_intent) &&
          within(given.created, session.created),
      }),
  ),

  route('GET', '/v1/checkout/sessions/:session', params({}), (operation, _given, ids) =>
    findSession(operation, ids.session),
  ),

  route('GET', '/v1/checkout/sessions/:session/line_items', listParams({}), (operation, given, ids) => {
    const { id } = findSession(operation, ids.session);
    const list = page(operation.store.checkoutLines, {
      url: `/v1/checkout/sessions/${id}/line_items`,
      params: given,
      order: operation.store.checkoutLines.where('session', id),
      oldestFirst: true,
    });
    return { ...list, data: list.data.map(({ session: _session, ...line }) => line) };
  }),

  route('POST', '/v1/checkout/sessions/:session/expire', params({}), (operation, _given, ids) => {
    const session = findSession(operation, ids.session);
    if (session.status !== 'open') {
      throw invalidRequest(
        `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${String(session.status)}.`,
      );
    }
    return expireSession(operation, session);
  }),
];
