import type { z } from 'zod';
import { findCustomer, findSubscription } from '../behaviour/find.ts';
import { createSubscription } from '../behaviour/subscription-create.ts';
import { endSubscriptionWithInvoice } from '../behaviour/subscription-cycle.ts';
import { changedItems } from '../behaviour/subscription-items.ts';
import { cancelSubscription, updateSubscription } from '../behaviour/subscription-lifecycle.ts';
import { invalidRequest } from '../errors.ts';
import { page, within } from '../list.ts';
import { mergeMetadata } from '../metadata.ts';
import type { Operation } from '../operation.ts';
import { boolean, listParams, oneOf, params, range, text } from '../params.ts';
import { route } from '../router.ts';
import type { Subscription } from '../wire.ts';
import {
  anchorOf,
  billingModeOf,
  cancellationDetails,
  createSubscriptionSchema,
  sharedFields,
  updateSubscriptionSchema,
  withEnd,
  withPause,
} from './subscription-params.ts';

const listSchema = listParams({
  collection_method: oneOf('charge_automatically', 'send_invoice').optional(),
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
  test_clock: text.optional(),
});

const cancelSchema = params({
  cancellation_details: cancellationDetails.optional(),
  invoice_now: boolean.optional(),
  prorate: boolean.optional(),
});

const ENDED = new Set<Subscription['status']>(['canceled', 'incomplete_expired']);

function hasStatus(subscription: Subscription, wanted: z.output<typeof listSchema>['status']): boolean {
  if (wanted === 'all') return true;
  if (wanted === 'ended') return ENDED.has(subscription.status);
  return wanted === undefined ? subscription.status !== 'canceled' : subscription.status === wanted;
}

function withCancellationDetails(
  subscription: Subscription,
  given: z.output<typeof cancellationDetails> | undefined,
): Subscription {
  if (given === undefined) return subscription;
  const before = subscription.cancellation_details;
  return {
    ...subscription,
    cancellation_details: {
      feedback_option: null,
      reason: null,
      ...before,
      comment: given.comment ?? before?.comment ?? null,
      feedback: given.feedback ?? before?.feedback ?? null,
    },
  };
}

function update(
  request: Operation,
  given: z.output<typeof updateSubscriptionSchema>,
  id: string,
): Subscription {
  const before = findSubscription(request, id);
  const operation = request.at(before.customer);
  if (ENDED.has(before.status)) {
    const { cancellation_details: _details, metadata: _metadata, expand: _expand, ...others } = given;
    if (Object.values(others).some((value) => value !== undefined)) {
      throw invalidRequest('A canceled subscription can only update its cancellation_details and metadata.');
    }
  }
  const changed: Subscription = {
    ...before,
    ...sharedFields(operation, before.customer, given, before),
    ...(given.items === undefined ? {} : { items: changedItems(operation, before, given.items) }),
  };
  const paused = withPause(operation, changed, given.pause_collection);
  const after = withEnd(operation, withCancellationDetails(paused, given.cancellation_details), given);
  return updateSubscription(operation, before, after);
}

function cancel(request: Operation, given: z.output<typeof cancelSchema>, id: string): Subscription {
  const subscription = findSubscription(request, id);
  if (ENDED.has(subscription.status)) {
    throw invalidRequest(`No such subscription: '${subscription.id}'`, {
      code: 'resource_missing',
      param: 'id',
    });
  }
  const operation = request.at(subscription.customer);
  const ending = withCancellationDetails(subscription, given.cancellation_details);
  return given.invoice_now === true
    ? endSubscriptionWithInvoice(operation, ending)
    : cancelSubscription(operation, ending);
}

/**
 * `/v1/subscriptions`. Renewals, dunning and ends are the clock's, in `tasks.ts`.
 * https://docs.stripe.com/api/subscriptions
 */
export const subscriptionRoutes = [
  route('POST', '/v1/subscriptions', createSubscriptionSchema, (request, given) => {
    const customer = findCustomer(request, given.customer);
    const operation = request.at(customer.id);
    const behavior = given.payment_behavior ?? 'allow_incomplete';
    const created = createSubscription(operation, {
      customer,
      items: given.items.map((item) => ({ ...item, metadata: mergeMetadata({}, item.metadata) })),
      ...anchorOf(given),
      prorate: given.proration_behavior !== 'none',
      paymentBehavior: behavior === 'pending_if_incomplete' ? 'allow_incomplete' : behavior,
      fields: {
        ...sharedFields(operation, customer.id, given, {
          collection_method: 'charge_automatically',
          days_until_due: null,
          default_payment_method: null,
          description: null,
          metadata: {},
        }),
        billing_mode: billingModeOf(given.billing_mode),
      },
    });
    const ending = withEnd(operation, created, given);
    return ending === created ? created : operation.store.subscriptions.put(ending);
  }),

  route('GET', '/v1/subscriptions', listSchema, (operation, given) => {
    const { subscriptions } = operation.store;
    return page(subscriptions, {
      url: '/v1/subscriptions',
      params: given,
      order: given.customer === undefined ? undefined : subscriptions.where('customer', given.customer),
      matches: (subscription) =>
        hasStatus(subscription, given.status) &&
        (given.collection_method === undefined ||
          subscription.collection_method === given.collection_method) &&
        (given.test_clock === undefined || subscription.test_clock === given.test_clock) &&
        (given.price === undefined ||
          subscription.items.data.some(({ price }) => price.id === given.price)) &&
        within(given.created, subscription.created),
    });
  }),

  route('GET', '/v1/subscriptions/:subscription', params({}), (operation, _given, { subscription }) =>
    findSubscription(operation, subscription),
  ),

  route(
    'POST',
    '/v1/subscriptions/:subscription',
    updateSubscriptionSchema,
    (operation, given, { subscription }) => update(operation, given, subscription),
  ),

  route('DELETE', '/v1/subscriptions/:subscription', cancelSchema, (operation, given, { subscription }) =>
    cancel(operation, given, subscription),
  ),
];
