import { describe, expect, it } from 'vitest';
import { billsToRetry, graceEndOf, nextRetryOf, RETRY_AFTER_DAYS } from '../../domain/dunning.ts';
import { customer, DAY_MS, NOW, subscription, unpaidBill } from './customer-fixtures.ts';

const given = { ...unpaidBill, failedAtMs: NOW, stripeRetriesAtMs: null };

describe('our own attempts to collect', () => {
  it('come 1, 3 and 5 days after the failure, and then no more', () => {
    const due = RETRY_AFTER_DAYS.map((_, collectionAttempts) =>
      nextRetryOf({ ...given, collectionAttempts }),
    );
    expect(due).toEqual([NOW + DAY_MS, NOW + 3 * DAY_MS, NOW + 5 * DAY_MS]);
    expect(nextRetryOf({ ...given, collectionAttempts: RETRY_AFTER_DAYS.length })).toBeNull();
  });

  it('leave it to Stripe, to the customer, or to nobody where they must', () => {
    expect(nextRetryOf({ ...given, stripeRetriesAtMs: NOW + 1 })).toBeNull();
    expect(nextRetryOf({ ...given, stripeHasRetried: true })).toBeNull();
    expect(nextRetryOf({ ...given, needsCustomerAction: true })).toBeNull();
    expect(nextRetryOf({ ...given, isCollectible: false })).toBeNull();
  });

  it('are a day apart after an outage', () => {
    const late = { ...given, failedAtMs: NOW - 30 * DAY_MS, collectionAttempts: 1, lastCollectionAtMs: NOW };
    expect(nextRetryOf(late)).toBe(NOW + DAY_MS);
  });

  it('are due from their moment on', () => {
    const facts = { ...customer, unpaidBills: [given] };
    expect(billsToRetry(facts, NOW + DAY_MS - 1)).toEqual([]);
    expect(billsToRetry(facts, NOW + DAY_MS)).toEqual([given]);
  });
});

describe('the grace period', () => {
  const owing = { ...customer, unpaidBills: [given] };

  it('does not exist for who owes nothing', () => {
    expect(graceEndOf({ ...customer, graceExtendedUntilMs: NOW + DAY_MS }, NOW)).toBeNull();
  });

  it('ends as long after the failure as the house gives, whenever it is looked at', () => {
    for (const at of [NOW, NOW + DAY_MS, NOW + 90 * DAY_MS])
      expect(graceEndOf(owing, at)).toBe(NOW + owing.graceMs);
  });

  it('ends at the extension when that is later, and is never shortened by one', () => {
    const extended = NOW + owing.graceMs + DAY_MS;
    expect(graceEndOf({ ...owing, graceExtendedUntilMs: extended }, NOW)).toBe(extended);
    expect(graceEndOf({ ...owing, graceExtendedUntilMs: NOW + 1 }, NOW)).toBe(NOW + owing.graceMs);
  });

  it('of a subscription that is past due begins when that is seen, and keeps its end', () => {
    const pastDue = { ...customer, subscriptions: [{ ...subscription, status: 'past_due' }] };
    expect(graceEndOf(pastDue, NOW)).toBe(NOW + customer.graceMs);
    expect(graceEndOf({ ...pastDue, graceEndsAtMs: NOW + 5 }, NOW + 1)).toBe(NOW + 5);
  });
});
