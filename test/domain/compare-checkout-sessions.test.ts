import { describe, expect, it } from 'vitest';
import { compareCheckoutSessions } from '../../domain/compare-checkout-sessions.ts';
import { LONG_AGO, NOW_SECONDS, summaryOf, usersOf } from './compared-fixtures.ts';

describe('Checkout sessions', () => {
  const session = {
    id: 'cs_1',
    mode: 'setup',
    stripeCustomerId: 'cus_1',
    customerDeleted: false,
    paysCredits: false,
    created: LONG_AGO - 100,
    completedAt: LONG_AGO,
  };
  const compare = (changes: object, seenTo: string[] = []) =>
    compareCheckoutSessions(
      [{ ...session, ...changes }],
      { users: usersOf(), seenTo: new Set(seenTo) },
      NOW_SECONDS,
    );

  it('that nothing came of are told to their customer, once', () => {
    const [drift] = compare({});
    expect(drift).toMatchObject({
      finding: { code: 'setup_missed', userId: 'ada', objectId: 'cs_1', fix: 'repaired' },
      repair: {
        type: 'event',
        stripeCustomerId: 'cus_1',
        envelope: {
          eventId: 'reconciled:cs_1',
          type: 'checkout.session.completed',
          objectId: 'cs_1',
          created: LONG_AGO,
        },
      },
    });
    expect(summaryOf(compare({ mode: 'payment', paysCredits: true }))).toEqual([
      'credits_missed repaired event',
    ]);
  });

  it.each([
    ['has had its effect', {}, ['cs_1']],
    ['was completed just now', { completedAt: NOW_SECONDS - 60 }, []],
    ["is a stranger's", { stripeCustomerId: 'cus_2' }, []],
    ['is of nobody', { stripeCustomerId: null }, []],
    ['is of a customer who was deleted since', { customerDeleted: true }, []],
    ['sells something else', { mode: 'payment' }, []],
    ['is not of ours', { mode: 'subscription' }, []],
  ] as const)('one that %s is left alone', (_what, changes, seenTo) => {
    expect(compare(changes, [...seenTo])).toEqual([]);
  });
});
