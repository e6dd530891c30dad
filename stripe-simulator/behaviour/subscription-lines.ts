/** What a subscription's invoices charge: licensed items in advance, metered ones for the period that has ended. */
import { Big } from 'big.js';
import { newId } from '../ids.ts';
import { withLines } from '../objects/invoice.ts';
import { amountOf } from '../objects/price.ts';
import type { Operation } from '../operation.ts';
import type { Store } from '../store.ts';
import type { Invoice, InvoiceLineItem, Subscription, SubscriptionItem } from '../wire.ts';
import type { Period } from './billing-cycle.ts';
import { addInterval } from './billing-cycle.ts';
import { usage } from './metering.ts';

/** Whether an item is billed afterwards for what its meter has counted, rather than in advance by its quantity. */
export function isMetered({ price }: SubscriptionItem): boolean {
  return price.recurring?.usage_type === 'metered';
}

/**
 * The first invoice: licensed items for what is left until the anchor. Metered ones have nothing yet, which only
 * classic billing mode shows: https://docs.stripe.com/billing/subscriptions/billing-mode/compare
 */
export function firstLines(
  store: Store,
  subscription: Subscription,
  prorate: boolean,
  now: number,
): InvoiceLineItem[] {
  const shown = subscription.items.data.filter(
    (item) => !isMetered(item) || subscription.billing_mode.type === 'classic',
  );
  return shown.map((item) => {
    const period = { start: now, end: item.current_period_end };
    if (isMetered(item)) return line(store, subscription, item, period, '0', 0);
    const quantity = String(item.quantity ?? 1);
    const whole = amountOf(item.price, quantity);
    const share = shareOf(item, period, prorate);
    return line(
      store,
      subscription,
      item,
      period,
      quantity,
      share.times(whole).round(0, Big.roundHalfUp).toNumber(),
    );
  });
}

/** How much of a whole period it is, from 0 to 1. Without proration, a partial one costs nothing. */
function shareOf(item: SubscriptionItem, { start, end }: Period, prorate: boolean): Big {
  if (item.price.recurring === null || addInterval(start, item.price.recurring) === end) return new Big(1);
  if (!prorate) return new Big(0);
  return new Big(end - start).div(addInterval(end, item.price.recurring) - end);
}

/** A metered item's line: what was used in `period`. */
export function usageLine(
  store: Store,
  subscription: Subscription,
  item: SubscriptionItem,
  period: Period,
): InvoiceLineItem {
  const quantity = usage(store, item.price.recurring?.meter ?? '', subscription.customer, period);
  return line(store, subscription, item, period, quantity, amountOf(item.price, quantity));
}

/** A licensed item's line: `period` in advance. */
export function advanceLine(
  store: Store,
  subscription: Subscription,
  item: SubscriptionItem,
  period: Period,
): InvoiceLineItem {
  const quantity = String(item.quantity ?? 1);
  return line(store, subscription, item, period, quantity, amountOf(item.price, quantity));
}

/** The draft with its metered lines counted again: usage that came in late still counts while it is a draft. */
export function withFreshUsage(operation: Operation, invoice: Invoice): Invoice {
  const { store } = operation;
  let changed = false;
  for (const old of store.invoiceLines.all('invoice', invoice.id)) {
    const price = store.prices.get(old.pricing?.price_details?.price ?? '');
    const meter = price?.recurring?.meter;
    if (price === undefined || meter == null || old.parent?.subscription_item_details == null) continue;
    const quantity = usage(store, meter, invoice.customer ?? '', old.period);
    if (quantity === old.quantity_decimal) continue;
    const amount = amountOf(price, quantity);
    store.invoiceLines.put({ ...old, amount, subtotal: amount, ...quantities(quantity) });
    changed = true;
  }
  return changed
    ? store.invoices.put(withLines(invoice, store.invoiceLines.all('invoice', invoice.id)))
    : invoice;
}

/** `quantity` is a whole number in the API; what it can't say is in `quantity_decimal`. */
function quantities(quantity: string): { quantity: number; quantity_decimal: string } {
  return {
    quantity: new Big(quantity).round(0, Big.roundDown).toNumber(),
    quantity_decimal: quantity,
  };
}

function line(
  store: Store,
  subscription: Subscription,
  item: SubscriptionItem,
  period: Period,
  quantity: string,
  amount: number,
): InvoiceLineItem {
  const product = store.products.get(item.price.product);
  return {
    id: newId('il'),
    object: 'line_item',
    amount,
    currency: subscription.currency,
    description: `${quantity} × ${item.price.nickname ?? product?.name ?? item.price.product}`,
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
    ...quantities(quantity),
    subscription: subscription.id,
    subtotal: amount,
    taxes: [],
  };
}
