import { invalidRequest } from '../errors.ts';
import { mergeMetadata } from '../metadata.ts';
import { itemList, newSubscriptionItem } from '../objects/subscription.ts';
import type { Operation } from '../operation.ts';
import type { MetadataParam } from '../params.ts';
import type { Subscription, SubscriptionItem } from '../wire.ts';
import { checkedPrices } from './subscription-prices.ts';

interface ItemChange {
  id?: string | undefined;
  deleted?: boolean | undefined;
  price?: string | undefined;
  quantity?: number | undefined;
  metadata?: MetadataParam | undefined;
}

/**
 * The subscription's items after an update: an entry with an `id` changes or deletes that item, one without adds one,
 * items not named stay. Nothing is prorated: metered items have nothing to prorate.
 */
export function changedItems(
  operation: Operation,
  subscription: Subscription,
  changes: readonly ItemChange[],
): Subscription['items'] {
  let items = subscription.items.data;
  for (const [index, change] of changes.entries()) {
    const existing = items.find(({ id }) => id === change.id);
    if (change.id !== undefined && existing === undefined) {
      throw invalidRequest(`No such subscription item: '${change.id}'`, {
        code: 'resource_missing',
        param: `items[${index}][id]`,
      });
    }
    if (existing === undefined) items = [...items, addedItem(operation, subscription, change, index)];
    else if (change.deleted === true) items = items.filter((item) => item !== existing);
    else items = items.map((item) => (item === existing ? changedItem(operation, item, change) : item));
  }
  if (items.length === 0) {
    throw invalidRequest('A subscription must have at least one active plan.', { param: 'items' });
  }
  // Checked as a whole: too many of them, or the same price twice. Those that were there may be inactive by now.
  checkedPrices(
    operation,
    items.map(({ price }) => ({ price: price.id, metadata: {} })),
    new Set(subscription.items.data.map(({ price }) => price.id)),
  );
  return itemList(subscription.id, items);
}

function addedItem(
  operation: Operation,
  subscription: Subscription,
  change: ItemChange,
  index: number,
): SubscriptionItem {
  if (change.price === undefined) {
    throw invalidRequest(`Missing required param: items[${index}][price].`, {
      code: 'parameter_missing',
      param: `items[${index}][price]`,
    });
  }
  const metadata = mergeMetadata({}, change.metadata);
  const [price] = checkedPrices(operation, [{ price: change.price, quantity: change.quantity, metadata }]);
  const [first] = subscription.items.data;
  if (price === undefined || first === undefined)
    throw invalidRequest('A subscription must have at least one active plan.');
  const period = { start: first.current_period_start, end: first.current_period_end };
  return newSubscriptionItem(subscription.id, price, period, {
    now: operation.now,
    quantity: change.quantity,
    metadata,
  });
}

function changedItem(operation: Operation, item: SubscriptionItem, change: ItemChange): SubscriptionItem {
  const quantity = change.quantity ?? item.quantity;
  const [price] = checkedPrices(
    operation,
    [{ price: change.price ?? item.price.id, quantity: change.quantity, metadata: {} }],
    new Set([item.price.id]),
  );
  if (price === undefined) return item;
  const period = { start: item.current_period_start, end: item.current_period_end };
  return {
    ...newSubscriptionItem(item.subscription, price, period, {
      now: item.created,
      quantity,
      metadata: mergeMetadata(item.metadata, change.metadata),
    }),
    id: item.id,
  };
}
