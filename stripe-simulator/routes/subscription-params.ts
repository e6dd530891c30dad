/** What a request says of a subscription, and the fields that come of it. */
import { z } from 'zod';
import type { AnchorConfig } from '../behaviour/billing-cycle.ts';
import { findPaymentMethod } from '../behaviour/find.ts';
import { nextRenewal } from '../behaviour/subscription-cycle.ts';
import { currentPeriodEnd } from '../behaviour/subscription-lifecycle.ts';
import { invalidRequest } from '../errors.ts';
import { mergeMetadata } from '../metadata.ts';
import type { Operation } from '../operation.ts';
import {
  boolean,
  currency,
  emptyableText,
  integer,
  metadata,
  nonNegativeInteger,
  oneOf,
  params,
  text,
  timestamp,
} from '../params.ts';
import type { Subscription } from '../wire.ts';

const anchorConfig = z.strictObject({
  day_of_month: integer,
  hour: integer.optional(),
  minute: integer.optional(),
  month: integer.optional(),
  second: integer.optional(),
});

const cancelAt = z.union([oneOf('max_period_end', 'min_period_end'), timestamp]);

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

/** The parameters of `POST /v1/subscriptions`: trials, discounts and schedules are refused as unknown. */
export const createSubscriptionSchema = params({
  ...shared,
  billing_cycle_anchor: timestamp.optional(),
  billing_cycle_anchor_config: anchorConfig.optional(),
  billing_mode: z
    .strictObject({
      flexible: z.strictObject({ proration_discounts: oneOf('included', 'itemized').optional() }).optional(),
      type: oneOf('classic', 'flexible'),
    })
    .optional(),
  cancel_at: cancelAt.optional(),
  currency: currency.optional(),
  customer: text,
  items: z
    .array(
      z.strictObject({ metadata: metadata.optional(), price: text, quantity: nonNegativeInteger.optional() }),
    )
    .min(1),
});

/**
 * One entry of `items` in an update or a preview: with an `id` it changes or deletes that item, without it adds
 * one.
 */
export const itemChange = z.strictObject({
  clear_usage: boolean.optional(),
  deleted: boolean.optional(),
  id: text.optional(),
  metadata: metadata.optional(),
  price: text.optional(),
  quantity: nonNegativeInteger.optional(),
});

/** Why a customer leaves. It is kept on the subscription and does nothing else. */
export const cancellationDetails = z.strictObject({
  comment: text.optional(),
  feedback: oneOf(
    'customer_service',
    'low_quality',
    'missing_features',
    'other',
    'switched_service',
    'too_complex',
    'too_expensive',
    'unused',
  ).optional(),
});

/** The parameters of an update. An empty string clears `cancel_at`, a pause, the payment method or the description. */
export const updateSubscriptionSchema = params({
  ...shared,
  cancel_at: z.union([z.literal(''), cancelAt]).optional(),
  cancellation_details: cancellationDetails.optional(),
  items: z.array(itemChange).optional(),
  pause_collection: z
    .union([
      z.literal(''),
      z.strictObject({
        behavior: oneOf('keep_as_draft', 'mark_uncollectible', 'void'),
        resumes_at: timestamp.optional(),
      }),
    ])
    .optional(),
});
type UpdateRequest = z.output<typeof updateSubscriptionSchema>;

/** What both create and update set. `before` gives what is not named. */
export function sharedFields(
  operation: Operation,
  customer: string,
  given: Pick<UpdateRequest, keyof typeof shared>,
  before: Pick<
    Subscription,
    'collection_method' | 'days_until_due' | 'default_payment_method' | 'description' | 'metadata'
  >,
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
  const collection = given.collection_method ?? before.collection_method;
  const daysUntilDue = given.days_until_due ?? before.days_until_due;
  if (collection === 'send_invoice' && daysUntilDue === null) {
    throw invalidRequest('`days_until_due` is required when `collection_method` is `send_invoice`.', {
      code: 'parameter_missing',
      param: 'days_until_due',
    });
  }
  return {
    collection_method: collection,
    days_until_due: collection === 'send_invoice' ? daysUntilDue : null,
    default_payment_method: method === undefined ? before.default_payment_method : method,
    description: given.description === undefined ? before.description : given.description,
    metadata: mergeMetadata(before.metadata, given.metadata),
    ...(given.automatic_tax === undefined
      ? {}
      : { automatic_tax: { disabled_reason: null, enabled: given.automatic_tax.enabled, liability: null } }),
  };
}

/** Sets or clears when it is to end, and leaves that to the clock. @throws 400 for two ends, or one that is past. */
export function withEnd(
  operation: Operation,
  subscription: Subscription,
  given: Pick<UpdateRequest, 'cancel_at' | 'cancel_at_period_end'>,
): Subscription {
  const { cancel_at: wanted, cancel_at_period_end: atPeriodEnd } = given;
  if (wanted !== undefined && atPeriodEnd !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: cancel_at, cancel_at_period_end.', {
      param: 'cancel_at',
    });
  }
  const cleared = wanted === '' || (wanted === undefined && atPeriodEnd === false);
  if (cleared) return { ...subscription, cancel_at: null, cancel_at_period_end: false, canceled_at: null };
  if (wanted === undefined && atPeriodEnd === undefined) return subscription;
  const at = endOf(subscription, wanted);
  if (at <= operation.now) {
    throw invalidRequest('`cancel_at` must be in the future.', { param: 'cancel_at' });
  }
  if (at === subscription.cancel_at) return subscription;
  operation.scheduleAt('cancel_subscription', subscription.id, at);
  return {
    ...subscription,
    cancel_at: at,
    cancel_at_period_end: atPeriodEnd === true,
    canceled_at: operation.now,
  };
}

function endOf(subscription: Subscription, wanted: UpdateRequest['cancel_at']): number {
  if (typeof wanted === 'number') return wanted;
  return wanted === 'min_period_end' ? nextRenewal(subscription) : currentPeriodEnd(subscription);
}

/** https://docs.stripe.com/billing/subscriptions/pause-payment */
export function withPause(
  operation: Operation,
  subscription: Subscription,
  pause: UpdateRequest['pause_collection'],
): Subscription {
  if (pause === undefined) return subscription;
  if (pause === '') return { ...subscription, pause_collection: null };
  if (pause.resumes_at !== undefined) {
    operation.scheduleAt('resume_collection', subscription.id, pause.resumes_at);
  }
  return {
    ...subscription,
    pause_collection: { behavior: pause.behavior, resumes_at: pause.resumes_at ?? null },
  };
}

/** @throws 400 if both kinds of anchor are given, or the day is none. */
export function anchorOf(given: z.output<typeof createSubscriptionSchema>): {
  anchor: number | undefined;
  anchorConfig: AnchorConfig | null;
} {
  const config = given.billing_cycle_anchor_config;
  if (given.billing_cycle_anchor !== undefined && config !== undefined) {
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

/** Flexible is the default since API version 2025-09-30.clover. */
export function billingModeOf(
  given: z.output<typeof createSubscriptionSchema>['billing_mode'],
): Subscription['billing_mode'] {
  if (given?.type === 'classic') return { flexible: null, type: 'classic' };
  return {
    flexible: { proration_discounts: given?.flexible?.proration_discounts ?? 'included' },
    type: 'flexible',
  };
}
