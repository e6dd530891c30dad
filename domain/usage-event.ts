import { DAY_MS } from './days.ts';
import { type DecimalString, withoutNeedlessZeros } from './money.ts';
import { type MeteredProduct, PRICE_LIST } from './price-list.ts';

/** One metered event, valid by itself. */
export interface UsageEvent {
  /** The host product's id: the same id is the same event, however often it is sent. */
  readonly id: string;
  readonly userId: string;
  readonly product: MeteredProduct;
  /** Units used; for storage the GB held from `occurredAt` on. */
  readonly quantity: DecimalString;
  readonly occurredAt: Date;
  /** Which disk; storage only, `null` otherwise. */
  readonly resourceId: string | null;
}

/** Largest quantity one event may carry: beyond it a unit was mistaken (bytes for GB, say). */
export const MAX_QUANTITY = '1000000000';
/** More decimals than any meter has; keeps sums exact and rows small. */
export const MAX_QUANTITY_DECIMALS = 12;
/** How far ahead of ours the host product's clock may be. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;
/** Older usage was surely billed or written off; sending it is taken for a mistake. */
export const MAX_EVENT_AGE_DAYS = 400;
/** Events in one request. */
export const MAX_BATCH_SIZE = 1_000;

/** Why an event was not taken. Part of the public interface. */
export const USAGE_EVENT_REJECTION_CODES = [
  'invalid_event',
  'invalid_id',
  'invalid_user_id',
  'unknown_product',
  'invalid_quantity',
  'invalid_occurred_at',
  'occurred_in_future',
  'occurred_too_long_ago',
  'invalid_resource_id',
  'resource_id_required',
  'resource_id_not_allowed',
  'unknown_user',
  'user_erased',
  'id_reused',
] as const;
/**
 * Why one event was not taken, as a stable code. Sent again as it is, the event is refused again, unless its user has
 * been registered meanwhile (`unknown_user`), or time has passed (`occurred_in_future`).
 */
export type UsageEventRejectionCode = (typeof USAGE_EVENT_REJECTION_CODES)[number];

/** What is wrong with an event, and in a sentence for a person how to mend it. */
export interface UsageEventProblem {
  readonly code: UsageEventRejectionCode;
  readonly message: string;
}

/** Why one event of a batch was not taken; the others are. */
export interface UsageEventRejection extends UsageEventProblem {
  /** Position in the request's `events`. */
  readonly index: number;
  readonly id: string | null;
}

/** What the rules that span fields, or depend on the time of arrival, object to; `null` for a good event. */
export function problemOf(event: UsageEvent, now: Date): UsageEventProblem | null {
  const isLevel = PRICE_LIST[event.product].aggregation === 'level';
  if (isLevel && event.resourceId === null) {
    const message = `${event.product} is a level held by something: say by what in resourceId`;
    return { code: 'resource_id_required', message };
  }
  if (!isLevel && event.resourceId !== null) {
    return { code: 'resource_id_not_allowed', message: `${event.product} takes no resourceId: leave it out` };
  }
  const aheadMs = event.occurredAt.getTime() - now.getTime();
  if (aheadMs > CLOCK_TOLERANCE_MS) {
    const message = `occurredAt is ${Math.round(aheadMs / 1_000)} s in the future: check the sender's clock`;
    return { code: 'occurred_in_future', message };
  }
  if (-aheadMs > MAX_EVENT_AGE_DAYS * DAY_MS) {
    const message = `occurredAt is more than ${MAX_EVENT_AGE_DAYS} days ago, which is too late to be billed`;
    return { code: 'occurred_too_long_ago', message };
  }
  return null;
}

/**
 * What an event says, however it is written. Of two events of one id the second is a repetition when this is the same, and a
 * contradiction when it is not.
 */
export function contentOf(event: UsageEvent): string {
  const { userId, product, quantity, occurredAt, resourceId } = event;
  // Each of them is one line.
  return [userId, product, withoutNeedlessZeros(quantity), occurredAt.toISOString(), resourceId ?? ''].join(
    '\n',
  );
}
