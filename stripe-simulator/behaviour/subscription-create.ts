/** Starting a subscription: its items, its first period and its first invoice. */
import { invalidRequest } from '../errors.ts';
import { newId } from '../ids.ts';
import { newInvoice, withLines } from '../objects/invoice.ts';
import { amountOf } from '../objects/price.ts';
import { itemList, newSubscription, newSubscriptionItem } from '../objects/subscription.ts';
import type { Operation } from '../operation.ts';
import type { Customer, Invoice, InvoiceLineItem, Subscription, SubscriptionItem } from '../wire.ts';
import type { AnchorConfig } from './billing-cycle.ts';
import { addInterval, nextAnchor } from './billing-cycle.ts';
import { collectInvoice } from './collection.ts';
import { finalizeInvoice } from './finalization.ts';
import type { ItemRequest } from './subscription-prices.ts';
import { checkedPrices } from './subscription-prices.ts';

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
  const { customer, anchorConfig } = request;
  const { now, store } = operation;
  const prices = checkedPrices(operation, request.items);
  const [first] = prices;
  if (first?.recurring == null)
    throw invalidRequest('Missing required param: items.', { code: 'parameter_missing', param: 'items' });
  const anchor = request.anchor ?? (anchorConfig === null ? now : nextAnchor(anchorConfig, now));
  const period = { start: now, end: anchor > now ? anchor : addInterval(now, first.recurring) };
  const id = newId('sub');
  const items = prices.map((price, index) =>
    newSubscriptionItem(id, price, period, {
      now,
      quantity: request.items[index]?.quantity,
      metadata: request.items[index]?.metadata ?? {},
    }),
  );
  const draft = newSubscription(operation, {
    id,
    billing_cycle_anchor: anchor,
    billing_cycle_anchor_config: anchorConfig,
    currency: first.currency,
    customer: customer.id,
    ...request.fields,
    items: itemList(id, items),
    status: 'incomplete',
  });
  const invoice = newSubscriptionInvoice(
    operation,
    customer,
    draft,
    'subscription_create',
    firstLines(draft, period, request.prorate, anchor > now),
  );
  const nothingToPay = invoice.amount_due === 0;
  const subscription = store.subscriptions.put({
    ...draft,
    latest_invoice: invoice.id,
    status: nothingToPay ? 'active' : 'incomplete',
  });
  operation.emit('customer.subscription.created', subscription);
  operation.emit('invoice.created', invoice);
  const finalized = finalizeInvoice(operation, invoice, false);
  if (finalized.status === 'open' && request.paymentBehavior !== 'default_incomplete') {
    const { error } = collectInvoice(operation, finalized);
    if (error !== undefined && request.paymentBehavior === 'error_if_incomplete') throw error;
  }
  return store.subscriptions.get(id) ?? subscription;
}

/** A draft invoice of a subscription, with its lines. */
export function newSubscriptionInvoice(
  operation: Operation,
  customer: Customer,
  subscription: Subscription,
  reason: NonNullable<Invoice['billing_reason']>,
  lines: InvoiceLineItem[],
): Invoice {
  const { store } = operation;
  const invoice = newInvoice(operation, customer, {
    auto_advance: true,
    automatic_tax: {
      disabled_reason: null,
      enabled: subscription.automatic_tax.enabled,
      liability: null,
      provider: null,
      status: null,
    },
    billing_reason: reason,
    collection_method: subscription.collection_method,
    currency: subscription.currency,
    default_payment_method: null,
    parent: {
      quote_details: null,
      subscription_details: { metadata: subscription.metadata, subscription: subscription.id },
      type: 'subscription_details',
    },
  });
  const own = lines.map((line) => store.invoiceLines.put({ ...line, invoice: invoice.id }));
  return store.invoices.put(withLines(invoice, own));
}

/** What the first invoice charges: licensed items in advance, metered ones nothing yet. */
function firstLines(
  subscription: Subscription,
  period: { start: number; end: number },
  prorate: boolean,
  partial: boolean,
): InvoiceLineItem[] {
  return subscription.items.data.map((item) => {
    const metered = item.quantity === undefined;
    const whole = metered ? 0 : amountOf(item.price, String(item.quantity));
    const share = partial ? (prorate ? (period.end - period.start) / fullPeriod(item, period.end) : 0) : 1;
    return subscriptionLine(subscription, item, period, Math.round(whole * share));
  });
}

function fullPeriod(item: SubscriptionItem, end: number): number {
  if (item.price.recurring === null) return 1;
  return addInterval(end, item.price.recurring) - end;
}

function subscriptionLine(
  subscription: Subscription,
  item: SubscriptionItem,
  period: { start: number; end: number },
  amount: number,
): InvoiceLineItem {
  const quantity = item.quantity ?? 0;
  return {
    id: newId('il'),
    object: 'line_item',
    amount,
    currency: subscription.currency,
    description: `${quantity} × ${item.price.nickname ?? item.price.product}`,
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice: null,
    livemode: subscription.livemode,
    metadata: subscription.metadata,
    parent: {
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: null,
        proration: false,
        proration_details: { credited_items: null },
        subscription: subscription.id,
        subscription_item: item.id,
      },
      type: 'subscription_item_details',
    },
    period,
    pretax_credit_amounts: [],
    pricing: {
      price_details: { price: item.price.id, product: item.price.product },
      type: 'price_details',
      unit_amount_decimal: item.price.unit_amount_decimal,
    },
    quantity,
    quantity_decimal: String(quantity),
    subscription: subscription.id,
    subtotal: amount,
    taxes: [],
  };
}
