/** Which prices a subscription may have. */
import { invalidRequest } from '../errors.ts';
import { MOST_ITEMS } from '../objects/subscription.ts';
import type { Operation } from '../operation.ts';
import type { Price } from '../wire.ts';
import { findPrice } from './find.ts';

/** One item that a subscription is to have. `quantity` is for licensed prices only, where it is 1 if it is left out. */
export interface ItemRequest {
  price: string;
  quantity?: number | undefined;
  metadata: Record<string, string>;
}

/**
 * The prices that items name. `present` are those the subscription has already: they may be inactive by now.
 * @throws 400 if a price is not recurring, is inactive, is named twice, or a metered one comes with a quantity; and for
 *   more than `MOST_ITEMS`.
 */
export function checkedPrices(
  operation: Operation,
  items: readonly ItemRequest[],
  present: ReadonlySet<string> = new Set(),
): Price[] {
  if (items.length > MOST_ITEMS) {
    throw invalidRequest(`Subscriptions may have at most ${MOST_ITEMS} items.`, { param: 'items' });
  }
  const seen = new Set<string>();
  return items.map(({ price: id, quantity }, index) => {
    const param = `items[${index}][price]`;
    const price = findPrice(operation, id, param);
    if (price.recurring === null) {
      throw invalidRequest(
        `The price specified is set to \`type=one_time\` but this field only accepts prices with \`type=recurring\`.`,
        { param },
      );
    }
    if (!price.active && !present.has(id)) {
      throw invalidRequest(`The price specified is inactive. This field only accepts active prices.`, {
        param,
      });
    }
    if (seen.has(id)) {
      throw invalidRequest(`Cannot add multiple subscription items with the same price: ${id}`, { param });
    }
    seen.add(id);
    if (price.recurring.usage_type === 'metered' && quantity !== undefined) {
      throw invalidRequest('You cannot set the quantity on a metered price.', {
        param: `items[${index}][quantity]`,
      });
    }
    return price;
  });
}
