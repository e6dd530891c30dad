/** Cursor pagination, newest first: https://docs.stripe.com/api/pagination */
import type { Collection, IdOrder } from './collection.ts';
import { resourceMissing } from './errors.ts';
import type { Range } from './params.ts';
import type { List } from './wire.ts';

/** Which page: up to `limit` objects (10, if it is left out) after or before the object with this id. */
export interface PageParams {
  limit?: number | undefined;
  starting_after?: string | undefined;
  ending_before?: string | undefined;
}

const DEFAULT_LIMIT = 10;

/**
 * One page of `collection`, or of those of its ids that are in `order` (an index).
 * Walks only until the page is full.
 * @throws 400 if the object that it is to begin at is not there.
 */
export function page<T extends { id: string }, I extends string>(
  collection: Collection<T, I>,
  request: {
    url: string;
    params: PageParams;
    order?: IdOrder | undefined;
    matches?: ((value: T) => boolean) | undefined;
    /** The list runs from oldest to newest, as an invoice's lines do. */
    oldestFirst?: boolean;
  },
): List<T> {
  const { url, params, order = collection.order, matches = () => true, oldestFirst = false } = request;
  const { limit = DEFAULT_LIMIT, starting_after: after, ending_before: before } = params;
  const cursor = after ?? before;
  if (cursor !== undefined && !order.has(cursor)) {
    throw resourceMissing(
      collection.name.replace(/s$/, ''),
      cursor,
      after === undefined ? 'ending_before' : 'starting_after',
    );
  }
  const backwards = after === undefined && before !== undefined;
  const ids = oldestFirst === backwards ? order.newestFirst(cursor) : order.oldestFirst(cursor);
  const data: T[] = [];
  let more = false;
  for (const id of ids) {
    const value = collection.get(id);
    if (value === undefined || !matches(value)) continue;
    if (data.length === limit) {
      more = true;
      break;
    }
    data.push(value);
  }
  return { object: 'list', data: backwards ? data.toReversed() : data, has_more: more, url };
}

/** All of `data` in a list object that is embedded in another object. */
export function embeddedList<T>(data: T[], url: string, shown = data.length): List<T> {
  return { object: 'list', data: data.slice(0, shown), has_more: data.length > shown, url };
}

/** Whether a timestamp is in the range of a `created` filter. */
export function within(range: Range | undefined, value: number): boolean {
  if (range === undefined) return true;
  const { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity } = range;
  return value > gt && value >= gte && value < lt && value <= lte;
}
