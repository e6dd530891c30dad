import { z } from 'zod';
import { findCustomer, findPaymentMethod, findSubscription } from '../behaviour/find.ts';
import type { SubscriptionRequest } from '../behaviour/subscription-create.ts';
import { createSubscription } from '../behaviour/subscription-create.ts';
import { changedItems } from '../behaviour/subscription-items.ts';
import {
  cancelSubscription,
  currentPeriodEnd,
  updateSubscription,
} from '../behaviour/subscription-lifecycle.ts';
import { invalidRequest } from '../errors.ts';
import { page, within } from '../list.ts';
import { mergeMetadata } from '../metadata.ts';
import type { Operation } from '../operation.ts';
import {
  boolean,
  currency,
  emptyableText,
  integer,
  listParams,
  metadata,
  nonNegativeInteger,
  oneOf,
  params,
  range,
  text,
  timestamp,
} from '../params.ts';
import { route } from '../router.ts';
import type { Subscription } from '../wire.ts';

const anchorConfig = z.strictObject({
  day_of_month: integer,
  hour: integer.optional(),
  minute: integer.optional(),
  month: integer.optional(),
  second: integer.optional(),
});

const shared = {
  automatic_tax: z.strictObject({ enabled: boolean }).optional(),
  cancel_at_period_end: boolean.optional(),
  collection_method: oneOf('charge_automatically', 'send_invoice').optional(),
  days_until_due: nonNegativeInteger.optional(),
  default_payment_method: emptyableText.optional(),
  description: emptyableText.optional(),
  metadata: metadata.optional(),
  off_session: boolean.optional(),
  payment_behavior: oneOf(
    'allow_incomplete',
    'default_incomplete',
    'error_if_incomplete',
    'pending_if_incomplete',
  ).optional(),
  proration_behavior: oneOf('always_invoice', 'create_prorations', 'none').optional(),
};

const create = params({
  ...shared,
  billing_cycle_anchor: timestamp.optional(),
  billing_cycle_anchor_config: anchorConfig.optional(),
  billing_mode: z.strictObject({ type: oneOf('flexible') }).optional(),
  currency: currency.optional(),
  customer: text,
  items: z
    .array(
      z.strictObject({ metadata: metadata.optional(), price: text, quantity: nonNegativeInteger.optional() }),
    )
    .min(1),
});

const update = params({
  ...shared,
  cancellation_details: z.strictObject({ comment: text.optional(), feedback: text.optional() }).optional(),
  items: z
    .array(
      z.strictObject({
        clear_usage: boolean.optional(),
        deleted: boolean.optional(),
        id: text.optional(),
        metadata: metadata.optional(),
        price: text.optional(),
        quantity: nonNegativeInteger.optional(),
      }),
    )
    .optional(),
});

/** What both create and update set. `before` gives what is not named. */
function sharedFields(
  operation: Operation,
  customer: string,
  given: z.output<typeof update>,
  before: Pick<Subscription, 'default_payment_method' | 'description' | 'metadata'>,
) {
  const method = given.default_payment_method;
  if (
    method != null &&
    findPaymentMethod(operation, method, 'default_payment_method').customer !== customer
  ) {
    throw invalidRequest(
      `The customer does not have a payment method with the ID ${method}. The payment method must be attached to the customer.`,
      { code: 'resource_missing', param: 'default_payment_method' },
    );
  }
  return {
    default_payment_method: method === undefined ? before.default_payment_method : method,
    description: given.description === undefined ? before.description : given.description,
    metadata: mergeMetadata(before.metadata, given.metadata),
    ...(given.automatic_tax === undefined
      ? {}
      : { automatic_tax: { disabled_reason: null, enabled: given.automatic_tax.enabled, liability: null } }),
    ...(given.collection_method === undefined ? {} : { collection_method: given.collection_method }),
    ...(given.days_until_due === undefined ? {} : { days_until_due: given.days_until_due }),
  };
}

/** Sets or clears the cancellation at the end of the period, and leaves it to the clock. */
function withCancelAtPeriodEnd(
  operation: Operation,
  subscription: Subscription,
  wanted: boolean | undefined,
): Subscription {
  if (wanted === undefined || wanted === subscription.cancel_at_period_end) return subscription;
  if (!wanted) return { ...subscription, cancel_at: null, cancel_at_period_end: false, canceled_at: null };
  const cancelAt = currentPeriodEnd(subscription);
  operation.schedule('cancel_subscription', subscription.id, (cancelAt - operation.now) * 1_000);
  return { ...subscription, cancel_at: cancelAt, cancel_at_period_end: true, canceled_at: operation.now };
}

function anchorOf(given: z.output<typeof create>): Pick<SubscriptionRequest, 'anchor' | 'anchorConfig'> {
  const config = given.billing_cycle_anchor_config;
  if (config !== undefined && given.billing_cycle_anchor !== undefined) {
    throw invalidRequest(
      'You may only specify one of these parameters: billing_cycle_anchor, billing_cycle_anchor_config.',
    );
  }
  if (config !== undefined && (config.day_of_month < 1 || config.day_of_month > 31)) {
    throw invalidRequest('Invalid day_of_month: must be between 1 and 31', {
      param: 'billing_cycle_anchor_config[day_of_month]',
    });
  }
  return {
    anchor: given.billing_cycle_anchor,
    anchorConfig:
      config === undefined
        ? null
        : {
            day_of_month: config.day_of_month,
            hour: config.hour ?? null,
            minute: config.minute ?? null,
            month: config.month ?? null,
            second: config.second ?? null,
          },
  };
}

export const subscriptionRoutes = [
  route('POST', '/v1/subscriptions', create, (operation, given) => {
    const customer = findCustomer(operation, given.customer);
    const behavior = given.payment_behavior ?? 'allow_incomplete';
    const created = createSubscription(operation, {
      customer,
      items: given.items.map((item) => ({ ...item, metadata: mergeMetadata({}, item.metadata) })),
      ...anchorOf(given),
      prorate: given.proration_behavior !== 'none',
      paymentBehavior: behavior === 'pending_if_incomplete' ? 'allow_incomplete' : behavior,
      fields: sharedFields(operation, customer.id, given, {
        default_payment_method: null,
        description: null,
        metadata: {},
      }),
    });
    const ending = withCancelAtPeriodEnd(operation, created, given.cancel_at_period_end);
    return ending === created ? created : operation.store.subscriptions.put(ending);
  }),

  route(
    'GET',
    '/v1/subscriptions',
    listParams({
      created: range.optional(),
      customer: text.optional(),
      price: text.optional(),
      status: oneOf(
        'active',
        'all',
        'canceled',
        'ended',
        'incomplete',
        'incomplete_expired',
        'past_due',
        'paused',
        'trialing',
        'unpaid',
      ).optional(),
    }),
    (operation, given) => {
      const wanted = (status: string) => {
        if (given.status === 'all') return true;
        if (given.status === 'ended') return status === 'canceled' || status === 'incomplete_expired';
        return given.status === undefined ? status !== 'canceled' : status === given.status;
      };
      return page(operation.store.subscriptions, {
        url: '/v1/subscriptions',
        params: given,
        order:
          given.customer === undefined
            ? undefined
            : operation.store.subscriptions.where('customer', given.customer),
        matches: (subscription) =>
          wanted(subscription.status) &&
          (given.price === undefined ||
            subscription.items.data.some(({ price }) => price.id === given.price)) &&
          within(given.created, subscription.created),
      });
    },
  ),

  route('GET', '/v1/subscriptions/:subscription', params({}), (operation, _given, { subscription }) =>
    findSubscription(operation, subscription),
  ),

  route('POST', '/v1/subscriptions/:subscription', update, (operation, given, ids) => {
    const before = findSubscription(operation, ids.subscription);
    if (before.status === 'canceled') {
      throw invalidRequest('A canceled subscription can only update its cancellation_details and metadata.');
    }
    const after = withCancelAtPeriodEnd(
      operation,
      {
        ...before,
        ...sharedFields(operation, before.customer, given, before),
        ...(given.items === undefined ? {} : { items: changedItems(operation, before, given.items) }),
      },
      given.cancel_at_period_end,
    );
    return updateSubscription(operation, before, after);
  }),

  route(
    'DELETE',
    '/v1/subscriptions/:subscription',
    params({
      cancellation_details: z
        .strictObject({ comment: text.optional(), feedback: text.optional() })
        .optional(),
      invoice_now: boolean.optional(),
      prorate: boolean.optional(),
    }),
    (operation, given, ids) => {
      const subscription = findSubscription(operation, ids.subscription);
      if (subscription.status === 'canceled') {
        throw invalidRequest(`No such subscription: '${subscription.id}'`, {
          code: 'resource_missing',
          param: 'id',
        });
      }
      return cancelSubscription(operation, {
        ...subscription,
        cancellation_details: {
          comment: given.cancellation_details?.comment ?? null,
          feedback: given.cancellation_details?.feedback ?? null,
          feedback_option: null,
          reason: 'cancellation_requested',
        },
      });
    },
  ),
];
