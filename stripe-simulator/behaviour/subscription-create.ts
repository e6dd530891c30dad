/** Starting a subscription: its items, its first period and its first invoice. */
import { invalidRequest } from '../errors.ts';
import { newId } from '../ids.ts';
import { itemList, newSubscription, newSubscriptionItem } from '../objects/subscription.ts';
import type { Operation } from '../operation.ts';
import type { Customer, Invoice, Subscription } from '../wire.ts';
import type { AnchorConfig } from './billing-cycle.ts';
import { nextAnchor, nextPeriodEnd } from './billing-cycle.ts';
import { finalizeByItself, finalizeInvoice } from './finalization.ts';
import { collectInvoice } from './invoice-collection.ts';
import { scheduleRenewal } from './subscription-cycle.ts';
import { newSubscriptionInvoice } from './subscription-invoice.ts';
import { firstLines } from './subscription-lines.ts';
import type { ItemRequest } from './subscription-prices.ts';
import { checkedPrices } from './subscription-prices.ts';

/** An `incomplete` subscription that nobody pays for ends after this: 23 hours. */
const INCOMPLETE_SECONDS = 23 * 3_600;

/** What `POST /v1/subscriptions` asks for, and what a preview asks about, with the customer already found. */
export interface SubscriptionRequest {
  customer: Customer;
  items: ItemRequest[];
  anchorConfig: AnchorConfig | null;
  /** Unix seconds, instead of a configuration. */
  anchor: number | undefined;
  prorate: boolean;
  paymentBehavior: 'allow_incomplete' | 'default_incomplete' | 'error_if_incomplete';
  fields: Partial<Subscription>;
}

/** @throws 400 for prices that can't be subscribed to, 402 with `error_if_incomplete` if the first charge fails. */
export function createSubscription(operation: Operation, request: SubscriptionRequest): Subscription {
  const { store, now } = operation;
  const draft = newDraft(operation, request);
  const invoice = firstInvoice(operation, request, draft);
  const sent = draft.collection_method === 'send_invoice';
  const subscription = store.subscriptions.put({
    ...draft,
    latest_invoice: invoice?.id ?? null,
    status: sent || invoice === undefined || invoice.amount_due === 0 ? 'active' : 'incomplete',
  });
  operation.emit('customer.subscription.created', subscription);
  if (invoice !== undefined) startWithInvoice(operation, request, sent, invoice);
  const created = store.subscriptions.get(draft.id) ?? subscription;
  scheduleRenewal(operation, created);
  if (created.status === 'incomplete') {
    operation.scheduleAt('expire_incomplete_subscription', created.id, now + INCOMPLETE_SECONDS);
  }
  return created;
}

function startWithInvoice(
  operation: Operation,
  { paymentBehavior }: SubscriptionRequest,
  sent: boolean,
  invoice: Invoice,
): void {
  if (sent) {
    operation.emit('invoice.created', finalizeByItself(operation, invoice));
    return;
  }
  operation.emit('invoice.created', invoice);
  const finalized = finalizeInvoice(operation, invoice, false);
  if (finalized.status !== 'open' || paymentBehavior === 'default_incomplete') return;
  const { error } = collectInvoice(operation, finalized, 'schedule');
  if (error !== undefined && paymentBehavior === 'error_if_incomplete') throw error;
}

/** The invoice with which a subscription starts, not finalized yet; none if there is nothing to put on it. */
export function firstInvoice(
  operation: Operation,
  { customer, prorate }: Pick<SubscriptionRequest, 'customer' | 'prorate'>,
  subscription: Subscription,
): Invoice | undefined {
  const { now, store } = operation;
  const lines = firstLines(store, subscription, prorate, now);
  if (lines.length === 0) return undefined;
  return newSubscriptionInvoice(operation, customer, subscription, {
    reason: 'subscription_create',
    lines,
    period: { start: now, end: now },
    pendingItems: false,
  });
}

/**
 * The subscription with its items, before its first invoice; not stored yet.
 * @throws 400 for prices that can't be subscribed to, or an anchor that is past or further away than a period.
 */
export function newDraft(operation: Operation, request: SubscriptionRequest): Subscription {
  const { customer, anchorConfig } = request;
  const { now } = operation;
  const prices = checkedPrices(operation, request.items);
  const [first] = prices;
  if (first === undefined) {
    throw invalidRequest('Missing required param: items.', { code: 'parameter_missing', param: 'items' });
  }
  const anchor = request.anchor ?? (anchorConfig === null ? now : nextAnchor(anchorConfig, now));
  const cycle = { anchor, dayOfMonth: anchorConfig?.day_of_month };
  const id = newId('sub');
  const items = prices.map((price, index) => {
    const { recurring } = price;
    const end = recurring === null ? now : nextPeriodEnd(cycle, recurring, now);
    requireAnchorWithin(request.anchor, end, now);
    return newSubscriptionItem(
      id,
      price,
      { start: now, end },
      {
        now,
        quantity: request.items[index]?.quantity,
        metadata: request.items[index]?.metadata ?? {},
      },
    );
  });
  return newSubscription(operation, {
    id,
    billing_cycle_anchor: anchor,
    billing_cycle_anchor_config: anchorConfig,
    currency: first.currency,
    customer: customer.id,
    test_clock: customer.test_clock ?? null,
    ...request.fields,
    items: itemList(id, items),
    status: 'incomplete',
  });
}

/** An anchor that is named as a moment has to be one of the next period: not past, and not further away. */
function requireAnchorWithin(anchor: number | undefined, periodEnd: number, now: number): void {
  if (anchor === undefined) return;
  if (anchor < now) {
    throw invalidRequest('billing_cycle_anchor must be a future timestamp.', {
      param: 'billing_cycle_anchor',
    });
  }
  if (anchor > periodEnd) {
    throw invalidRequest(
      `billing_cycle_anchor cannot be later than next natural billing date (${periodEnd}) for plan`,
      { param: 'billing_cycle_anchor' },
    );
  }
}
