import type { Period } from '../behaviour/billing-cycle.ts';
import { newId } from '../ids.ts';
import { embeddedList } from '../list.ts';
import type { Price, Subscription, SubscriptionItem } from '../wire.ts';
import type { Made } from './made.ts';
import { planOf } from './price.ts';

/** Stripe takes no more on one subscription. */
export const MOST_ITEMS = 20;

/** An item with a period of its own. `quantity` is 1 if it is undefined, and is left out for a metered price. */
export function newSubscriptionItem(
  subscription: string,
  price: Price,
  period: Period,
  made: { now: number; quantity: number | undefined; metadata: Record<string, string> },
): SubscriptionItem {
  return {
    id: newId('si', 14),
    object: 'subscription_item',
    billing_thresholds: null,
    created: made.now,
    current_period_end: period.end,
    current_period_start: period.start,
    current_trial: null,
    discounts: [],
    metadata: made.metadata,
    plan: planOf(price),
    price,
    // Metered items have none: what was used is their quantity.
    ...(price.recurring?.usage_type === 'metered' ? {} : { quantity: made.quantity ?? 1 }),
    subscription,
    tax_rates: [],
  };
}

/** A subscription without its items. */
export function newSubscription(
  made: Made,
  fields: Partial<Subscription> & {
    id: string;
    billing_cycle_anchor: number;
    currency: string;
    customer: string;
  },
): Subscription {
  return {
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor_config: null,
    billing_mode: { flexible: { proration_discounts: 'included' }, type: 'flexible' },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: 'charge_automatically',
    created: made.now,
    customer_account: null,
    days_until_due: null,
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: 'self' },
    },
    items: itemList(fields.id, []),
    latest_invoice: null,
    livemode: made.livemode,
    managed_payments: null,
    metadata: {},
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: 'off',
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: made.now,
    status: 'active',
    test_clock: null,
    transfer_data: null,
    trial_end: null,
    trial_settings: {
      end_behavior: { billing_cycle_anchor: null, missing_payment_method: 'create_invoice' },
    },
    trial_start: null,
    ...fields,
  };
}

/** A subscription's items as they are embedded in it: all of them, since there are never more than `MOST_ITEMS`. */
export function itemList(subscription: string, items: SubscriptionItem[]): Subscription['items'] {
  return embeddedList(items, `/v1/subscription_items?subscription=${subscription}`);
}
