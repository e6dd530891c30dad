import { describe, expect, it } from 'vitest';
import { nextCommand } from '../../domain/customer-commands.ts';
import type { CustomerFacts } from '../../domain/customer-facts.ts';
import {
  card,
  customer,
  DAY_MS,
  endedSubscription,
  NOW,
  newerCard,
  nobody,
  settle,
  setup,
  subscription,
  unpaidBill,
} from './customer-fixtures.ts';

const next = (facts: CustomerFacts) => nextCommand(facts, new Set(), NOW);

describe('the subscription', () => {
  const justSetUp = {
    ...nobody,
    paymentMethods: [card],
    newPaymentMethodIds: [card.id],
    completedSetups: [setup],
  };

  it('comes of a completed setup: default card, THE subscription, saved, and a cluster', () => {
    const { commands, standing } = settle(justSetUp);
    expect(commands).toEqual([
      'setDefaultPaymentMethod',
      'createSubscription',
      'saveSubscription',
      'assignCluster',
    ]);
    expect(standing).toMatchObject({ status: 'active', waitingFor: null });
  });

  it('is adopted when one is live already, never doubled', () => {
    const { commands } = settle({ ...justSetUp, subscriptions: [subscription] });
    expect(commands).not.toContain('createSubscription');
    expect(commands).toContain('saveSubscription');
  });

  it('is made by a completed setup only: a card alone never makes one', () => {
    expect(settle({ ...nobody, paymentMethods: [card], newPaymentMethodIds: [card.id] }).commands).toEqual([
      'setDefaultPaymentMethod',
    ]);
    const ended = { ...customer, subscriptions: [endedSubscription], newPaymentMethodIds: [card.id] };
    expect(settle(ended).commands).not.toContain('createSubscription');
  });

  it('is made anew by a setup after the last one has ended', () => {
    const back = { ...justSetUp, subscriptions: [endedSubscription], savedSubscriptionId: 'sub_1' };
    expect(settle(back).commands).toContain('createSubscription');
  });

  it('is not made anew by a setup from before its end, however late that is told', () => {
    const late = {
      ...justSetUp,
      completedSetups: [{ ...setup, completedAt: (endedSubscription.endedAt ?? 0) - 1 }],
      subscriptions: [endedSubscription],
      savedSubscriptionId: 'sub_1',
    };
    const { commands, standing } = settle(late);
    expect(commands).toEqual(['setDefaultPaymentMethod', 'saveSubscription']);
    expect(standing).toMatchObject({ status: 'suspended', waitingFor: 'subscription' });
  });

  it('that we made a second time is ended; one that is not ours is left to a person', () => {
    const second = { ...subscription, id: 'sub_2', created: 200 };
    const doubled = { ...customer, subscriptions: [subscription, second] };
    expect(next(doubled)).toEqual({ type: 'cancelSubscription', subscriptionId: 'sub_2' });
    const { commands, standing } = settle({
      ...doubled,
      subscriptions: [subscription, { ...second, isOurs: false }],
    });
    expect(commands).toEqual([]);
    expect(standing.attention).toEqual([expect.stringContaining('sub_2')]);
  });

  it("that somebody made within the second of ours does not take ours' place", () => {
    const theirs = { ...subscription, id: 'sub_0', isOurs: false };
    const { commands, standing } = settle({ ...customer, subscriptions: [theirs, subscription] });
    expect(commands).toEqual([]);
    expect(standing.attention).toEqual([expect.stringContaining('sub_0')]);
  });
});

describe('the default payment method', () => {
  const both = { ...customer, paymentMethods: [newerCard, card] };

  it('is the newest of the new ones, in whichever order they are told', () => {
    for (const newPaymentMethodIds of [['pm_1', 'pm_2'], ['pm_2', 'pm_1'], ['pm_2']]) {
      expect(next({ ...both, newPaymentMethodIds })).toEqual({
        type: 'setDefaultPaymentMethod',
        paymentMethodId: 'pm_2',
      });
    }
    expect(next({ ...both, defaultPaymentMethodId: 'pm_2', newPaymentMethodIds: ['pm_1'] })).toBeNull();
  });

  it('is the newer one also within one second: the order is that of Stripe', () => {
    const twins = { ...customer, paymentMethods: [{ ...newerCard, created: card.created }, card] };
    expect(next({ ...twins, newPaymentMethodIds: ['pm_1', 'pm_2'] })).toMatchObject({
      paymentMethodId: 'pm_2',
    });
  });

  it('that the user chose stays until a new one comes', () => {
    expect(next(both)).toBeNull();
  });

  it('that was removed gives way to the newest that is left', () => {
    expect(next({ ...both, defaultPaymentMethodId: 'pm_gone' })).toMatchObject({ paymentMethodId: 'pm_2' });
  });
});

describe('collecting', () => {
  const owing = { ...customer, unpaidBills: [unpaidBill] };

  it('tries the open bills with a new card, once in a step', () => {
    const offered = { ...owing, newPaymentMethodIds: [card.id] };
    const command = { type: 'collectInvoices', stripeInvoiceIds: ['in_1'], paymentMethodIds: ['pm_1'] };
    expect(next(offered)).toEqual(command);
    expect(nextCommand(offered, new Set(['collectInvoices']), NOW)).toBeNull();
    expect(next(owing)).toBeNull();
  });

  it('tries every new card, newest first, although one of them is the default', () => {
    const two = { ...owing, paymentMethods: [newerCard, card], defaultPaymentMethodId: 'pm_2' };
    expect(next({ ...two, newPaymentMethodIds: ['pm_1', 'pm_2'] })).toMatchObject({
      paymentMethodIds: ['pm_2', 'pm_1'],
    });
  });

  it('tries again by itself when Stripe does not, with the default card', () => {
    const given = { ...unpaidBill, stripeRetriesAtMs: null };
    expect(next({ ...owing, unpaidBills: [given] })).toEqual({
      type: 'collectInvoices',
      stripeInvoiceIds: ['in_1'],
      paymentMethodIds: [],
    });
    expect(next({ ...owing, unpaidBills: [{ ...given, failedAtMs: NOW - DAY_MS + 1 }] })).toBeNull();
    expect(next({ ...owing, unpaidBills: [given], paymentMethods: [] })).toBeNull();
  });

  it('has the default pay what failed with another card, and not what failed with it', () => {
    const failedWith = (failedPaymentMethodId: string) =>
      next({ ...owing, unpaidBills: [{ ...unpaidBill, failedPaymentMethodId }] });
    expect(failedWith('pm_removed')).toEqual({
      type: 'collectInvoices',
      stripeInvoiceIds: ['in_1'],
      paymentMethodIds: [],
    });
    expect(failedWith(card.id)).toBeNull();
  });

  it('does not charge what was written off', () => {
    const writtenOff = { ...unpaidBill, isCollectible: false };
    expect(next({ ...owing, unpaidBills: [writtenOff], newPaymentMethodIds: [card.id] })).toBeNull();
  });
});

describe('the cluster', () => {
  it('stays with a suspended customer until the subscription ends', () => {
    expect(settle({ ...customer, paymentMethods: [], defaultPaymentMethodId: null }).commands).toEqual([]);
    expect(settle({ ...customer, subscriptions: [endedSubscription] }).commands).toEqual(['releaseCluster']);
    expect(settle({ ...customer, customerDeleted: true }).commands).toEqual(['releaseCluster']);
  });

  it('is asked for once in a step, by whoever has access, in the grace period too', () => {
    const without = { ...customer, clusterId: null };
    expect(settle(without, { clusterIsFree: false })).toMatchObject({
      commands: ['assignCluster'],
      standing: { status: 'active', waitingFor: 'cluster', wantsCluster: true },
    });
    const owing = settle({ ...without, unpaidBills: [unpaidBill] }, { clusterIsFree: false });
    expect(owing).toMatchObject({
      commands: ['assignCluster'],
      standing: { status: 'past_due', waitingFor: 'payment', wantsCluster: true },
    });
  });

  it('is not taken from others by who is suspended', () => {
    const suspended = { ...customer, clusterId: null, paymentMethods: [] };
    expect(settle(suspended)).toMatchObject({ commands: [], standing: { wantsCluster: false } });
  });
});
