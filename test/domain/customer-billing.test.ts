import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CommandResult,
  type CustomerCommand,
  type CustomerFacts,
  factsAfter,
  liveSubscription,
  nextCommand,
  standingOf,
} from '../../domain/customer-billing.ts';

const DAY_MS = 24 * 60 * 60_000;
const NOW = Date.parse('2026-11-10T00:00:00Z');

const nobody: CustomerFacts = {
  customerDeleted: false,
  defaultPaymentMethodId: null,
  paymentMethods: [],
  offeredPaymentMethodIds: [],
  subscriptions: [],
  completedSetups: [],
  unpaidBills: [],
  savedSubscriptionId: null,
  clusterId: null,
  graceEndsAtMs: null,
  graceMs: 7 * DAY_MS,
};
const card = { id: 'pm_1', created: 100 };
const newerCard = { id: 'pm_2', created: 200 };
const subscription = { id: 'sub_1', status: 'active', created: 100 };
const customer: CustomerFacts = {
  ...nobody,
  defaultPaymentMethodId: card.id,
  paymentMethods: [card],
  subscriptions: [subscription],
  savedSubscriptionId: subscription.id,
  clusterId: 'cluster-a',
};
const unpaidBill = { billId: 'bill_1', stripeInvoiceId: 'in_1', failedAtMs: NOW - DAY_MS };
const setup = { checkoutSessionId: 'cs_1', paymentMethodId: card.id };
const justSetUp: CustomerFacts = {
  ...nobody,
  paymentMethods: [card],
  offeredPaymentMethodIds: [card.id],
  completedSetups: [setup],
};

/** A world in which every command works; `clusterIsFree` says whether there is room. */
function perform(command: CustomerCommand, clusterIsFree: boolean): CommandResult {
  if (command.type === 'createSubscription') return { subscription };
  if (command.type === 'assignCluster') return { clusterId: clusterIsFree ? 'cluster-a' : null };
  if (command.type === 'collectInvoices') return { unpaidBills: [] };
  return {};
}

/** Does what is to be done until nothing is. */
function settle(
  facts: CustomerFacts,
  clusterIsFree = true,
): { facts: CustomerFacts; commands: CustomerCommand['type'][] } {
  const commands: CustomerCommand['type'][] = [];
  let current = facts;
  for (;;) {
    const command = nextCommand(current, new Set(commands));
    if (command === null) return { facts: current, commands };
    commands.push(command.type);
    expect(commands.length, commands.join()).toBeLessThan(10);
    current = factsAfter(current, command, perform(command, clusterIsFree));
  }
}

describe('what is to be done', () => {
  it('a completed setup makes the card the default, creates THE subscription, saves it and assigns a cluster', () => {
    const { facts, commands } = settle(justSetUp);
    expect(commands).toEqual([
      'setDefaultPaymentMethod',
      'createSubscription',
      'saveSubscription',
      'assignCluster',
    ]);
    expect(standingOf(facts, NOW)).toMatchObject({ status: 'active', waitingFor: null });
  });

  it('a live subscription that exists already is adopted, never doubled', () => {
    const { commands } = settle({ ...justSetUp, subscriptions: [subscription] });
    expect(commands).not.toContain('createSubscription');
    expect(commands).toContain('saveSubscription');
  });

  it('only a completed setup creates a subscription: a card alone never does', () => {
    const { commands } = settle({ ...nobody, paymentMethods: [card], offeredPaymentMethodIds: [card.id] });
    expect(commands).toEqual(['setDefaultPaymentMethod']);
    const ended = {
      ...customer,
      subscriptions: [{ ...subscription, status: 'canceled' }],
      offeredPaymentMethodIds: [card.id],
    };
    expect(settle(ended).commands).not.toContain('createSubscription');
  });

  it('a setup after the old subscription has ended makes a new one', () => {
    const ended = {
      ...justSetUp,
      subscriptions: [{ id: 'sub_0', status: 'canceled', created: 1 }],
      savedSubscriptionId: 'sub_0',
    };
    expect(settle(ended).commands).toContain('createSubscription');
  });

  it('the newest offered card becomes the default, whichever was delivered last', () => {
    const both = { ...customer, paymentMethods: [card, newerCard] };
    for (const offeredPaymentMethodIds of [['pm_1', 'pm_2'], ['pm_2', 'pm_1'], ['pm_2']]) {
      const command = nextCommand({ ...both, offeredPaymentMethodIds }, new Set());
      expect(command).toEqual({ type: 'setDefaultPaymentMethod', paymentMethodId: 'pm_2' });
    }
    expect(
      nextCommand({ ...both, defaultPaymentMethodId: 'pm_2', offeredPaymentMethodIds: ['pm_1'] }, new Set()),
    ).toBeNull();
  });

  it('a default that the user chose stays until a newer card is offered', () => {
    expect(nextCommand({ ...customer, paymentMethods: [card, newerCard] }, new Set())).toBeNull();
  });

  it('an offered card that is not attached any more is left alone', () => {
    expect(nextCommand({ ...customer, offeredPaymentMethodIds: ['pm_gone'] }, new Set())).toBeNull();
  });

  it('a new card retries the open bills, once in a step', () => {
    const owing = { ...customer, unpaidBills: [unpaidBill], offeredPaymentMethodIds: [card.id] };
    expect(nextCommand(owing, new Set())).toEqual({ type: 'collectInvoices', stripeInvoiceIds: ['in_1'] });
    expect(nextCommand(owing, new Set(['collectInvoices']))).toBeNull();
    expect(nextCommand({ ...owing, offeredPaymentMethodIds: [] }, new Set())).toBeNull();
  });

  it('a suspended customer keeps the cluster until the subscription ends', () => {
    expect(settle({ ...customer, paymentMethods: [], defaultPaymentMethodId: null }).commands).toEqual([]);
    expect(
      settle({ ...customer, subscriptions: [{ ...subscription, status: 'canceled' }] }).commands,
    ).toEqual(['releaseCluster']);
    expect(settle({ ...customer, customerDeleted: true }).commands).toEqual(['releaseCluster']);
  });
});

describe('where a customer stands', () => {
  const owing = { ...customer, unpaidBills: [unpaidBill] };
  const graceEndsAtMs = unpaidBill.failedAtMs + customer.graceMs;

  it.each<[string, CustomerFacts, object]>([
    ['never subscribed', nobody, { status: 'none', waitingFor: 'checkout' }],
    ['all well', customer, { status: 'active', waitingFor: null }],
    ['every cluster full', { ...customer, clusterId: null }, { status: 'active', waitingFor: 'cluster' }],
    [
      'no card left',
      { ...customer, paymentMethods: [] },
      { status: 'suspended', waitingFor: 'payment_method' },
    ],
    ['a bill unpaid', owing, { status: 'past_due', waitingFor: 'payment', graceEndsAtMs }],
    ['a bill unpaid, no grace', { ...owing, graceMs: 0 }, { status: 'suspended', waitingFor: 'payment' }],
    [
      'a bill unpaid, grace extended',
      { ...owing, graceEndsAtMs: NOW + 1 },
      { status: 'past_due', graceEndsAtMs: NOW + 1 },
    ],
    [
      'a bill unpaid, grace over',
      { ...owing, graceEndsAtMs: NOW },
      { status: 'suspended', waitingFor: 'payment' },
    ],
    [
      'the subscription past due',
      { ...customer, subscriptions: [{ ...subscription, status: 'past_due' }] },
      { status: 'past_due' },
    ],
    [
      'the subscription unpaid',
      { ...customer, subscriptions: [{ ...subscription, status: 'unpaid' }] },
      { status: 'suspended' },
    ],
    [
      'the subscription paused',
      { ...customer, subscriptions: [{ ...subscription, status: 'paused' }] },
      { status: 'suspended' },
    ],
    [
      'the subscription ended',
      { ...customer, subscriptions: [{ ...subscription, status: 'canceled' }] },
      { status: 'suspended', waitingFor: 'subscription' },
    ],
    [
      'the customer deleted',
      { ...customer, customerDeleted: true },
      { status: 'suspended', waitingFor: 'subscription' },
    ],
  ])('%s', (_, facts, expected) => {
    expect(standingOf(facts, NOW)).toMatchObject(expected);
  });

  it('goes from past due to suspended at the very end of the grace period, and not before', () => {
    expect(standingOf(owing, graceEndsAtMs - 1).status).toBe('past_due');
    expect(standingOf(owing, graceEndsAtMs).status).toBe('suspended');
  });

  it('is active again as soon as nothing is owed, and the grace period is forgotten', () => {
    const paid = { ...owing, unpaidBills: [], graceEndsAtMs: NOW - DAY_MS };
    expect(standingOf(paid, NOW)).toMatchObject({ status: 'active', graceEndsAtMs: null });
  });

  it('with two unpaid bills counts grace from the older failure', () => {
    const later = { ...unpaidBill, billId: 'bill_2', failedAtMs: NOW };
    expect(standingOf({ ...customer, unpaidBills: [later, unpaidBill] }, NOW).graceEndsAtMs).toBe(
      graceEndsAtMs,
    );
  });
});

describe('whatever the facts', () => {
  const ids = fc.constantFrom('pm_1', 'pm_2', 'pm_3');
  const anyFacts: fc.Arbitrary<CustomerFacts> = fc.record({
    customerDeleted: fc.boolean(),
    defaultPaymentMethodId: fc.option(ids),
    paymentMethods: fc.uniqueArray(fc.record({ id: ids, created: fc.nat(5) }), { selector: ({ id }) => id }),
    offeredPaymentMethodIds: fc.uniqueArray(ids),
    subscriptions: fc.uniqueArray(
      fc.record({
        id: fc.constantFrom('sub_1', 'sub_2'),
        status: fc.constantFrom('active', 'past_due', 'unpaid', 'paused', 'canceled', 'incomplete_expired'),
        created: fc.nat(5),
      }),
      { selector: ({ id }) => id },
    ),
    completedSetups: fc.uniqueArray(
      fc.record({ checkoutSessionId: fc.constantFrom('cs_1', 'cs_2'), paymentMethodId: ids }),
      {
        selector: ({ checkoutSessionId }) => checkoutSessionId,
      },
    ),
    unpaidBills: fc.constantFrom([], [unpaidBill]),
    savedSubscriptionId: fc.constantFrom(null, 'sub_1', 'sub_2'),
    clusterId: fc.constantFrom(null, 'cluster-a'),
    graceEndsAtMs: fc.constantFrom(null, NOW - DAY_MS, NOW + DAY_MS),
    graceMs: fc.constantFrom(0, 7 * DAY_MS),
  });

  it('there comes an end to what is to be done, and then nothing is to be done', () => {
    fc.assert(
      fc.property(anyFacts, fc.boolean(), (facts, clusterIsFree) => {
        const settled = settle(facts, clusterIsFree);
        expect(nextCommand(settled.facts, new Set(settled.commands))).toBeNull();
      }),
    );
  });

  it('at most one subscription is created, and none while one is live', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const created = settle(facts).commands.filter((command) => command === 'createSubscription').length;
        const mayCreate =
          liveSubscription(facts) === null && facts.completedSetups.length > 0 && !facts.customerDeleted;
        expect(created).toBe(mayCreate ? 1 : 0);
      }),
    );
  });

  it('nobody is active without a card or with an unpaid bill, and nobody is suspended who owes nothing and has a card', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const { facts: settled } = settle(facts);
        const live = liveSubscription(settled);
        const { status } = standingOf(settled, NOW);
        if (status === 'active') {
          expect(settled.paymentMethods.length).toBeGreaterThan(0);
          expect(settled.unpaidBills).toEqual([]);
        }
        const isWell =
          !settled.customerDeleted && live?.status === 'active' && settled.paymentMethods.length > 0;
        if (isWell && settled.unpaidBills.length === 0) expect(status).toBe('active');
      }),
    );
  });

  it('the order in which things are listed makes no difference', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const reversed: CustomerFacts = {
          ...facts,
          paymentMethods: facts.paymentMethods.toReversed(),
          offeredPaymentMethodIds: facts.offeredPaymentMethodIds.toReversed(),
          subscriptions: facts.subscriptions.toReversed(),
          unpaidBills: facts.unpaidBills.toReversed(),
        };
        const [one, other] = [settle(facts), settle(reversed)];
        expect(other.commands).toEqual(one.commands);
        expect(other.facts.defaultPaymentMethodId).toBe(one.facts.defaultPaymentMethodId);
        expect(standingOf(other.facts, NOW)).toEqual(standingOf(one.facts, NOW));
      }),
    );
  });
});
