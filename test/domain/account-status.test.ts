import { describe, expect, test } from 'vitest';
import { type AccountStanding, accountStatus } from '../../domain/account-status.ts';

const STANDING: AccountStanding = { status: 'active', waitingFor: null, owedCents: 0, accessEnds: null };
const of = (standing: Partial<AccountStanding>) => accountStatus({ ...STANDING, ...standing });

describe('what a user is told', () => {
  test.each([
    [{ status: 'none', waitingFor: 'checkout' }, 'neutral', 'add_payment_method', /Not set up yet/],
    [{}, 'good', null, /Active/],
    [{ waitingFor: 'cluster' }, 'waiting', 'wait', /Waiting for a cluster/],
    [{ status: 'past_due', waitingFor: 'payment' }, 'waiting', 'pay', /A payment failed/],
    [{ status: 'suspended', waitingFor: 'payment' }, 'bad', 'pay', /access is paused/],
    [{ status: 'suspended', waitingFor: 'payment_method' }, 'bad', 'add_payment_method', /is paused/],
    [{ status: 'suspended', waitingFor: 'subscription' }, 'bad', 'add_payment_method', /has ended/],
    [
      { status: 'suspended', waitingFor: 'subscription', isDeletedInStripe: true },
      'bad',
      'ask',
      /access is paused/,
    ],
    [{ status: 'suspended', waitingFor: 'operator' }, 'bad', 'ask', /access is paused/],
  ] as const)('of %j', (standing, tone, task, headline) => {
    const told = of(standing);
    expect(told).toMatchObject({ tone, task });
    expect(told.headline).toMatch(headline);
    expect(told.text).toMatch(/^[A-Z].*\.$/);
  });

  test('names what is owed, and until when access lasts', () => {
    const owing = { status: 'past_due', waitingFor: 'payment', owedCents: 140_921 } as const;
    expect(of({ ...owing, accessEnds: '8 December 2026 at 09:30 UTC' }).text).toBe(
      '$1,409.21 could not be collected. Pay it, or add another card: your access ends on 8 December 2026 at 09:30 UTC.',
    );
    expect(of(owing).text).toBe('$1,409.21 could not be collected. Pay it, or add another card.');
    expect(of({ owedCents: 300 }).text).toBe('Everything is in order. $3.00 is being collected.');
    expect(of({ ...owing, status: 'suspended' }).text).toContain('$1,409.21 is unpaid.');
  });
});
