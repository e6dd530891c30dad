import { beforeEach, describe, expect, test } from 'vitest';
import { appliedEventIds } from '../../db/applied-events.ts';
import { completedSessionsOf, saveCheckoutSession } from '../../db/checkout-sessions.ts';
import { saveOperatorDecision } from '../../db/operator-decisions.ts';
import {
  findUser,
  findUserByStripeCustomer,
  registerUser,
  saveStanding,
  saveStripeCustomer,
  saveSubscription,
} from '../../db/users.ts';
import type { CustomerStanding } from '../../domain/customer-standing.ts';
import { useTestDatabase } from '../support/database.ts';
import { newUser } from './fixtures.ts';

const database = useTestDatabase();
let userId: string;
let stripeCustomerId: string;
beforeEach(async () => {
  userId = await newUser(database.db);
  stripeCustomerId = `cus_${userId}`;
});

const user = (mode: 'live' | 'test' = 'test') => findUser(database.db, mode, userId);
const NOW_MS = Date.parse('2026-10-02T00:00:00Z');
const STANDING: CustomerStanding = {
  status: 'past_due',
  waitingFor: 'payment',
  reason: 'Owes $3.00.',
  stripeObjectId: 'in_1',
  graceEndsAtMs: Date.parse('2026-10-09T00:00:00Z'),
  nextLookAtMs: Date.parse('2026-10-09T00:00:00Z'),
  wantsCluster: true,
  attention: [],
};

describe('saveStanding', () => {
  const save = (
    events: { eventId: string; type: string; objectId: string }[],
    standing: Partial<CustomerStanding> = {},
    nowMs = NOW_MS,
  ) =>
    saveStanding(
      database.db,
      { mode: 'test', userId, stripeCustomerId },
      {
        standing: { ...STANDING, ...standing },
        clusterId: null,
        defaultPaymentMethodId: 'pm_1',
        paymentMethodIds: ['pm_2', 'pm_1'],
        events,
        nowMs,
      },
    );

  test('since when it is so stays while status and waiting stay, whatever else changes', async () => {
    expect(await save([])).toEqual(new Date(NOW_MS));
    expect(await save([], { reason: 'Owes $5.00.' }, NOW_MS + 1_000)).toEqual(new Date(NOW_MS));
    expect(await save([], { status: 'suspended' }, NOW_MS + 2_000)).toEqual(new Date(NOW_MS + 2_000));
    expect(await save([], { status: 'suspended', waitingFor: null }, NOW_MS + 3_000)).toEqual(
      new Date(NOW_MS + 3_000),
    );
  });

  test('an extension of grace is forgotten when nothing is owed; the queue when no place is wanted', async () => {
    const decision = { type: 'extendGrace', untilMs: NOW_MS + 9_000, by: 'ops' } as const;
    const key = { mode: 'test', userId } as const;
    await saveOperatorDecision(database.db, key, { decisionId: `upd_${userId}`, decision });
    await save([]);
    await save([], {}, NOW_MS + 1_000);
    expect(await user()).toMatchObject({
      grace_extended_until: new Date(NOW_MS + 9_000),
      cluster_wanted_at: new Date(NOW_MS),
    });
    await save([], { graceEndsAtMs: null, wantsCluster: false });
    expect(await user()).toMatchObject({ grace_extended_until: null, cluster_wanted_at: null });
  });

  test('writes the standing and the events it deals with', async () => {
    await save([
      { eventId: `evt_1_${userId}`, type: 'invoice.payment_failed', objectId: 'in_1' },
      { eventId: `evt_2_${userId}`, type: 'invoice.updated', objectId: 'in_1' },
    ]);
    expect(await user()).toMatchObject({
      status: 'past_due',
      waiting_for: 'payment',
      status_reason: 'Owes $3.00.',
      grace_ends_at: new Date('2026-10-09T00:00:00Z'),
      default_payment_method_id: 'pm_1',
      known_payment_method_ids: ['pm_2', 'pm_1'],
      status_object_id: 'in_1',
    });
    expect(
      await appliedEventIds(database.db, 'test', [`evt_1_${userId}`, `evt_2_${userId}`, 'evt_unknown']),
    ).toEqual(new Set([`evt_1_${userId}`, `evt_2_${userId}`]));
    expect(await appliedEventIds(database.db, 'live', [`evt_1_${userId}`])).toEqual(new Set());
  });

  test('writes both or neither: an event that cannot be stored leaves the standing as it was', async () => {
    const unstorable = 'evt_\u0000';
    await expect(
      save([
        { eventId: `evt_${userId}`, type: 'invoice.paid', objectId: 'in_1' },
        { eventId: unstorable, type: 'invoice.paid', objectId: 'in_1' },
      ]),
    ).rejects.toThrow('0x00');
    expect(await user()).toMatchObject({ status: 'none', waiting_for: null, grace_ends_at: null });
    expect(await appliedEventIds(database.db, 'test', [`evt_${userId}`])).toEqual(new Set());
  });

  test('may be repeated with the same events', async () => {
    const events = [{ eventId: `evt_${userId}`, type: 'invoice.paid', objectId: 'in_1' }];
    await save(events);
    await save(events);
    expect(await user()).toMatchObject({ status: 'past_due' });
  });

  test('leaves the same user of the other mode alone', async () => {
    await registerUser(database.db, { mode: 'live', userId, email: 'l@example.com', name: 'L' });
    await save([]);
    expect(await user('live')).toMatchObject({ status: 'none', status_reason: '' });
  });
});

describe('registering', () => {
  test('a user who registers again has the new e-mail and name, and everything else as before', async () => {
    await saveStripeCustomer(database.db, 'test', userId, stripeCustomerId);
    await registerUser(database.db, { mode: 'test', userId, email: 'new@example.com', name: 'New' });
    expect(await user()).toMatchObject({
      email: 'new@example.com',
      name: 'New',
      stripe_customer_id: stripeCustomerId,
    });
  });

  test('a user keeps the first Stripe customer for good', async () => {
    await saveStripeCustomer(database.db, 'test', userId, stripeCustomerId);
    await saveStripeCustomer(database.db, 'test', userId, 'cus_second');
    expect((await user())?.stripe_customer_id).toBe(stripeCustomerId);
  });

  test('a Stripe customer leads to its user in its own mode only', async () => {
    await saveStripeCustomer(database.db, 'test', userId, stripeCustomerId);
    expect((await findUserByStripeCustomer(database.db, 'test', stripeCustomerId))?.user_id).toBe(userId);
    expect(await findUserByStripeCustomer(database.db, 'live', stripeCustomerId)).toBeUndefined();
  });

  test('a Stripe customer belongs to one user', async () => {
    await saveStripeCustomer(database.db, 'test', userId, stripeCustomerId);
    const other = await newUser(database.db);
    await expect(saveStripeCustomer(database.db, 'test', other, stripeCustomerId)).rejects.toThrow(
      'users_by_stripe_customer',
    );
  });
});

test('a saved subscription marks its Checkout sessions as seen to, whether they were known or not', async () => {
  const known = `cs_known_${userId}`;
  const unknown = `cs_unknown_${userId}`;
  await saveCheckoutSession(database.db, { mode: 'test', checkoutSessionId: known, userId });
  expect(await completedSessionsOf(database.db, 'test', userId)).toEqual(new Set());
  await saveSubscription(
    database.db,
    { mode: 'test', userId },
    { subscriptionId: 'sub_1', checkoutSessionIds: [known, unknown] },
  );
  expect((await user())?.stripe_subscription_id).toBe('sub_1');
  expect(await completedSessionsOf(database.db, 'test', userId)).toEqual(new Set([known, unknown]));
  // Remembering the session late does not make it new again.
  await saveCheckoutSession(database.db, { mode: 'test', checkoutSessionId: known, userId });
  expect(await completedSessionsOf(database.db, 'test', userId)).toEqual(new Set([known, unknown]));
});
