/**
 * What happens to a bill that could not be collected: how long the customer keeps access, and when the invoice is charged
 * again. Stripe retries by itself as its Dashboard says; where it plans no retry at all, we do.
 */

import { type CustomerFacts, liveSubscription, type UnpaidBillFact } from './customer-facts.ts';
import { DAY_MS } from './days.ts';

/** Days after the first failure at which we have an invoice charged again that Stripe won't try again at all. */
export const RETRY_AFTER_DAYS = [1, 3, 5] as const;

/**
 * When access ends for what is owed (Unix milliseconds), or `null` when nothing is. The grace period counts from the first
 * failure of the oldest unpaid bill; an operator's extension holds when it is longer.
 */
export function graceEndOf(facts: CustomerFacts, nowMs: number): number | null {
  const end = ruledGraceEnd(facts, nowMs);
  return end === null ? null : Math.max(end, facts.graceExtendedUntilMs ?? 0);
}

function ruledGraceEnd(facts: CustomerFacts, nowMs: number): number | null {
  const failures = facts.unpaidBills.map((bill) => bill.failedAtMs);
  if (failures.length > 0) return Math.min(...failures) + facts.graceMs;
  // Stripe does not say since when a subscription is past due: since we saw it first.
  const isPastDue = liveSubscription(facts)?.status === 'past_due';
  return isPastDue ? (facts.graceEndsAtMs ?? nowMs + facts.graceMs) : null;
}

/** When we have the bill's invoice charged next (Unix milliseconds), or `null` when somebody else must act. */
export function nextRetryOf(bill: UnpaidBillFact): number | null {
  if (bill.stripeRetriesAtMs !== null || bill.stripeHasRetried) return null;
  if (bill.needsCustomerAction || !bill.isCollectible) return null;
  const days = RETRY_AFTER_DAYS[bill.collectionAttempts];
  if (days === undefined) return null;
  // After an outage the attempts that were missed don't follow each other on the heels.
  return Math.max(bill.failedAtMs + days * DAY_MS, (bill.lastCollectionAtMs ?? 0) + DAY_MS);
}

/** The bills whose next attempt by us is due. */
export function billsToRetry(facts: CustomerFacts, nowMs: number): UnpaidBillFact[] {
  return facts.unpaidBills.filter((bill) => (nextRetryOf(bill) ?? Infinity) <= nowMs);
}
