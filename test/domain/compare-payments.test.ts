import { describe, expect, it } from 'vitest';
import { compareDisputes, compareRefunds } from '../../domain/compare-payments.ts';
import { LONG_AGO, NOW_SECONDS, summaryOf, usersOf } from './compared-fixtures.ts';

describe('disputes and refunds', () => {
  const claim = {
    id: 'du_1',
    status: 'lost',
    chargeId: 'ch_1',
    stripeCustomerId: 'cus_1',
    created: LONG_AGO,
  };

  it('a dispute is known by its status', () => {
    const compare = (statuses: [string, string][], changes: object = {}) =>
      compareDisputes(
        [{ ...claim, ...changes }],
        { users: usersOf(), statuses: new Map(statuses) },
        NOW_SECONDS,
      );
    expect(compare([['du_1', 'lost']])).toEqual([]);
    expect(compare([], { stripeCustomerId: null })).toEqual([]);
    expect(compare([], { created: NOW_SECONDS })).toEqual([]);
    expect(summaryOf(compare([]))).toEqual(['dispute_missed repaired event']);
    expect(compare([['du_1', 'needs_response']])).toMatchObject([
      {
        repair: {
          envelope: { eventId: 'reconciled:du_1:lost', type: 'charge.dispute.updated', chargeId: 'ch_1' },
        },
      },
    ]);
  });

  it('a refund is known by what was told of it, and one that failed by what tells that', () => {
    const compare = (status: string, types: string[], eventIds: string[] = []) => {
      const events = [
        ...types.map((type) => ({ eventId: `evt_${type}`, type })),
        ...eventIds.map((eventId) => ({ eventId, type: 'refund.updated' })),
      ];
      const applied = new Map([['re_1', events]]);
      return summaryOf(
        compareRefunds([{ ...claim, id: 're_1', status }], { users: usersOf(), applied }, NOW_SECONDS),
      );
    };
    expect(compare('succeeded', [])).toEqual(['refund_missed repaired event']);
    expect(compare('succeeded', ['refund.created'])).toEqual([]);
    expect(compare('failed', ['refund.created'])).toEqual(['refund_missed repaired event']);
    expect(compare('failed', ['refund.created', 'refund.failed'])).toEqual([]);
    // Of which of its changes an update told nobody knows, and a reconciliation has told of another status.
    for (const status of ['failed', 'canceled']) {
      const before = ['reconciled:re_1:succeeded'];
      expect(compare(status, ['refund.created', 'refund.updated'], before)).toEqual([
        'refund_missed repaired event',
      ]);
      expect(compare(status, [], [...before, `reconciled:re_1:${status}`])).toEqual([]);
    }
  });
});
