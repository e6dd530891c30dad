import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareSubscriptions } from '../../domain/compare-subscriptions.ts';
import { type ComparedUser } from '../../domain/compared-user.ts';
import { type CustomerFacts } from '../../domain/customer-facts.ts';
import { LONG_AGO, NOW_SECONDS, summaryOf, user, usersOf } from './compared-fixtures.ts';
import {
  card,
  customer,
  endedSubscription,
  settle,
  setup,
  subscription,
  unpaidBill,
} from './customer-fixtures.ts';

describe('subscriptions', () => {
  const inStripe = (changes: object = {}) => [
    { ...subscription, stripeCustomerId: 'cus_1', changedAt: LONG_AGO, ...changes },
  ];
  const compare = (changes: object, ofUser: Partial<ComparedUser> = {}) =>
    summaryOf(compareSubscriptions(inStripe(changes), usersOf(ofUser), NOW_SECONDS));
  const CHANGED = ['subscription_changed repaired look'];

  it.each([
    ['active, as here', {}, {}, []],
    ['of a stranger', { stripeCustomerId: 'cus_2', status: 'canceled' }, {}, []],
    ['ended, and access goes on', { status: 'canceled' }, {}, CHANGED],
    ['ended, as here', { status: 'canceled' }, { status: 'suspended', waitingFor: 'subscription' }, []],
    ['ended just now', { status: 'canceled', changedAt: NOW_SECONDS - 10 }, {}, []],
    [
      'ended, of a user whom an operator suspended',
      { status: 'canceled' },
      { status: 'suspended', waitingFor: 'operator' },
      [],
    ],
    [
      'unpaid, and access goes on',
      { status: 'unpaid' },
      { status: 'past_due', waitingFor: 'payment' },
      CHANGED,
    ],
    ['paused, as here', { status: 'paused' }, { status: 'suspended', waitingFor: 'payment' }, []],
    ['past due, and all seems well', { status: 'past_due' }, {}, CHANGED],
    ['active again, and the user waits for it', {}, { status: 'suspended', waitingFor: 'payment' }, CHANGED],
    [
      'active, and a bill is unpaid',
      {},
      { status: 'past_due', waitingFor: 'payment', statusObjectId: 'in_1' },
      [],
    ],
    ['revived', {}, { status: 'suspended', waitingFor: 'subscription' }, CHANGED],
  ] as const)('%s', (_what, changes, ofUser, expected) => {
    expect(compare(changes, ofUser)).toEqual(expected);
  });

  it.each([
    [
      'a second one of ours is ended by the rules',
      { id: 'sub_2' },
      {},
      ['subscription_missed repaired look'],
    ],
    [
      'a second one of somebody else',
      { id: 'sub_2', isOurs: false },
      {},
      ['second_subscription proposed by hand'],
    ],
    [
      'somebody made one for a user without',
      { id: 'sub_2', isOurs: false },
      { subscriptionId: null },
      ['subscription_missed repaired look'],
    ],
    ['an old one that has ended', { id: 'sub_0', status: 'canceled' }, {}, []],
  ] as const)('another than the one we know: %s', (_what, changes, ofUser, expected) => {
    expect(compare(changes, ofUser)).toEqual(expected);
  });

  it('differ in nothing from where the rules have put their customer', () => {
    const maybe = <T>(value: T) => fc.constantFrom<T[]>([], [value]);
    const facts = fc
      .record({
        subscriptions: fc.uniqueArray(
          fc.constantFrom(
            subscription,
            endedSubscription,
            ...['past_due', 'unpaid', 'paused', 'trialing', 'incomplete'].map((status) => ({
              ...subscription,
              status,
            })),
            { ...subscription, id: 'sub_2', created: 200 },
            { ...endedSubscription, id: 'sub_3', created: 50 },
          ),
          { selector: ({ id }) => id },
        ),
        completedSetups: maybe(setup),
        paymentMethods: maybe(card),
        unpaidBills: maybe(unpaidBill),
        graceMs: fc.constantFrom(0, 7 * 24 * 60 * 60_000),
        customerDeleted: fc.boolean(),
        operatorSuspension: fc.constantFrom(null, { by: 'an operator', reason: 'a story' }),
      })
      .map((changes): CustomerFacts => ({ ...customer, savedSubscriptionId: null, ...changes }));
    fc.assert(
      fc.property(facts, fc.boolean(), (before, cardPays) => {
        const { facts: after, standing } = settle(before, { cardPays });
        fc.pre(!after.customerDeleted);
        const settled = {
          ...user,
          ...standing,
          subscriptionId: after.savedSubscriptionId,
          statusObjectId: standing.stripeObjectId,
        };
        const subscriptions = after.subscriptions.map((each) => ({
          ...each,
          stripeCustomerId: 'cus_1',
          changedAt: LONG_AGO,
        }));
        expect(compareSubscriptions(subscriptions, new Map([['cus_1', settled]]), NOW_SECONDS)).toEqual([]);
      }),
    );
  });
});
