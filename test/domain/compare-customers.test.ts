import { describe, expect, it, test } from 'vitest';
import { compareCustomers, looksForPaymentMethods } from '../../domain/compare-customers.ts';
import { LONG_AGO, NOW_SECONDS, summaryOf, usersOf } from './compared-fixtures.ts';

describe('customers', () => {
  const inStripe = { id: 'cus_1', userId: 'ada', defaultPaymentMethodId: 'pm_1', created: LONG_AGO };
  const compare = (changes: object) => {
    const have = { users: usersOf(), withoutCustomer: new Set(['bob']) };
    return summaryOf(compareCustomers([{ ...inStripe, ...changes }], have, NOW_SECONDS));
  };

  it.each([
    ['as here', {}, []],
    ['with another default', { defaultPaymentMethodId: 'pm_2' }, ['payment_method_changed repaired look']],
    ['without a default', { defaultPaymentMethodId: null }, ['payment_method_changed repaired look']],
    ['that name a user and are not theirs', { id: 'cus_2' }, ['customer_unknown proposed by hand']],
    [
      "that are a user's who has none here",
      { id: 'cus_2', userId: 'bob' },
      ['customer_missed repaired adopt_customer'],
    ],
    ['that are being made', { id: 'cus_2', created: NOW_SECONDS - 1 }, []],
    ['that are not of ours', { id: 'cus_2', userId: null }, []],
  ] as const)('%s', (_what, changes, expected) => {
    expect(compare(changes)).toEqual(expected);
  });
});

test.each([
  ['payment_method', true],
  ['payment', true],
  ['subscription', false],
  ['operator', false],
  [null, false],
] as const)(
  'a new payment method is looked for where the user waits for %s: %s',
  (waitingFor, isLookedFor) => {
    const look = { type: 'look', stripeCustomerId: 'cus_1' };
    expect(looksForPaymentMethods(usersOf({ waitingFor }))).toEqual(isLookedFor ? [look] : []);
  },
);
