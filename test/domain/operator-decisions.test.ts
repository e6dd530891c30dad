import { describe, expect, it } from 'vitest';
import { standingOf } from '../../domain/customer-standing.ts';
import {
  type ExtendGraceRequest,
  extensionEnd,
  type ReactivateRequest,
  type SuspendRequest,
  whyNotExtendGrace,
  whyNotReactivate,
  whyNotSuspend,
} from '../../domain/operator-decisions.ts';
import { customer, DAY_MS, endedSubscription, NOW, nobody, unpaidBill } from './customer-fixtures.ts';

const standing = (facts: object) => standingOf({ ...customer, ...facts }, NOW);
const owing = standing({ unpaidBills: [unpaidBill] });
const overdue = standing({ unpaidBills: [unpaidBill], graceMs: 0 });
const blocked = standing({ operatorSuspension: { by: 'ops', reason: 'fraud' } });
const by = 'ops';
const SENTENCE = /^(\p{Lu}|"\w+" must).*[.}]$/u;

describe('extending the grace period', () => {
  it('is for who owes, in grace or after it', () => {
    expect(whyNotExtendGrace({ days: 14, by }, owing, NOW)).toBeNull();
    expect(whyNotExtendGrace({ days: 1, by }, overdue, NOW)).toBeNull();
    expect(extensionEnd(1.5, NOW)).toBe(NOW + 1.5 * DAY_MS);
  });

  it.each<[string, ExtendGraceRequest | undefined, typeof owing | null]>([
    ['nothing is owed', { days: 7, by }, standing({})],
    ['it is longer already', { days: 1, by }, owing],
    ['no days', undefined, owing],
    ['days that are none', { days: Number.NaN, by }, owing],
    ['a day in the past', { days: -1, by }, owing],
    ['too many days', { days: 91, by }, owing],
    ['nobody says it', { days: 14, by: ' ' }, owing],
    ['nobody has looked yet', { days: 14, by }, null],
  ])('is refused with a sentence: %s', (_, request, now) => {
    expect(whyNotExtendGrace(request, now, NOW)).toMatch(SENTENCE);
  });
});

describe('suspending', () => {
  it('is possible in every standing but one', () => {
    for (const now of [owing, overdue, standing({}), standing({ ...nobody })])
      expect(whyNotSuspend({ reason: 'fraud', by }, now)).toBeNull();
    expect(whyNotSuspend({ reason: 'fraud', by }, blocked)).toMatch(/suspended already.*ops: fraud/);
  });

  it.each<[string, SuspendRequest | undefined]>([
    ['no reason', { reason: '', by }],
    ['a reason that is no text', { reason: 5, by } as unknown as SuspendRequest],
    ['a novel for a reason', { reason: 'x'.repeat(501), by }],
    ['nobody says it', { reason: 'fraud', by: '' }],
    ['nothing at all', undefined],
  ])('is refused with a sentence: %s', (_, request) => {
    expect(whyNotSuspend(request, standing({}))).toMatch(SENTENCE);
  });
});

describe('reactivating', () => {
  it('lifts what an operator did', () => {
    expect(whyNotReactivate({ by }, blocked)).toBeNull();
  });

  it.each<[string, object, RegExp]>([
    ['who has access', {}, /is active and has access/],
    ['who owes', { unpaidBills: [unpaidBill], graceMs: 0 }, /extendGrace/],
    ['who has no card', { paymentMethods: [] }, /add a card/],
    ['whose subscription has ended', { subscriptions: [endedSubscription] }, /subscribe again/],
    ['who never subscribed', nobody, /add a card/],
  ])('is refused with what helps instead: %s', (_, facts, expected) => {
    const why = whyNotReactivate({ by }, standing(facts));
    expect(why).toMatch(expected);
    expect(why).toMatch(SENTENCE);
  });

  it.each<[string, ReactivateRequest | undefined]>([
    ['nobody says it', { by: '' }],
    ['nothing at all', undefined],
  ])('is refused with a sentence: %s', (_, request) => {
    expect(whyNotReactivate(request, blocked)).toMatch(SENTENCE);
  });
});
