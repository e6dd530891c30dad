import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextCommand } from '../../domain/customer-commands.ts';
import { type CustomerFacts, liveSubscription } from '../../domain/customer-facts.ts';
import { isOfDeletedCustomer, STANDING_RULES, standingOf } from '../../domain/customer-standing.ts';
import {
  customer,
  DAY_MS,
  endedSubscription,
  NOW,
  nobody,
  settle,
  subscription,
  unpaidBill,
} from './customer-fixtures.ts';

const owing = { ...customer, unpaidBills: [unpaidBill] };
const graceEndsAtMs = unpaidBill.failedAtMs + customer.graceMs;
const withStatus = (status: string) => ({ ...customer, subscriptions: [{ ...subscription, status }] });
const operatorSuspension = { by: 'an operator', reason: 'fraud' };

describe('where a customer stands', () => {
  it.each<[string, CustomerFacts, object]>([
    ['never subscribed', nobody, { status: 'none', waitingFor: 'checkout', stripeObjectId: null }],
    ['all well', customer, { status: 'active', waitingFor: null, nextLookAtMs: null }],
    ['every cluster full', { ...customer, clusterId: null }, { status: 'active', waitingFor: 'cluster' }],
    [
      'no card left',
      { ...customer, paymentMethods: [] },
      { status: 'suspended', waitingFor: 'payment_method' },
    ],
    [
      'a bill unpaid',
      owing,
      { status: 'past_due', waitingFor: 'payment', graceEndsAtMs, stripeObjectId: 'in_1' },
    ],
    ['a bill unpaid, no grace', { ...owing, graceMs: 0 }, { status: 'suspended', waitingFor: 'payment' }],
    [
      'a bill unpaid, grace over',
      { ...owing, unpaidBills: [{ ...unpaidBill, failedAtMs: NOW - 8 * DAY_MS }] },
      { status: 'suspended', waitingFor: 'payment', stripeObjectId: 'in_1' },
    ],
    [
      'a bill unpaid, grace extended',
      { ...owing, graceMs: 0, graceExtendedUntilMs: NOW + 1 },
      { status: 'past_due', graceEndsAtMs: NOW + 1, nextLookAtMs: NOW + 1 },
    ],
    ['the subscription past due', withStatus('past_due'), { status: 'past_due', stripeObjectId: 'sub_1' }],
    [
      'the subscription past due since long',
      { ...withStatus('past_due'), graceEndsAtMs: NOW },
      { status: 'suspended', waitingFor: 'payment' },
    ],
    ['the subscription unpaid', withStatus('unpaid'), { status: 'suspended', waitingFor: 'payment' }],
    ['the subscription paused', withStatus('paused'), { status: 'suspended', waitingFor: 'payment' }],
    [
      'the subscription ended',
      { ...customer, subscriptions: [endedSubscription] },
      { status: 'suspended', waitingFor: 'subscription', stripeObjectId: 'sub_1' },
    ],
    [
      'the customer deleted',
      { ...customer, customerDeleted: true },
      {
        status: 'suspended',
        waitingFor: 'subscription',
        reason: 'The customer was deleted in Stripe, for good: register the user under another id.',
      },
    ],
    [
      'an operator said so, although all is well',
      { ...customer, operatorSuspension },
      { status: 'suspended', waitingFor: 'operator', reason: 'Suspended by an operator: fraud' },
    ],
  ])('%s', (_, facts, expected) => {
    const standing = standingOf(facts, NOW);
    expect(standing).toMatchObject(expected);
    expect(isOfDeletedCustomer(standing)).toBe(facts.customerDeleted);
  });

  it('goes from past due to suspended at the very end of the grace period, and not before', () => {
    expect(standingOf(owing, graceEndsAtMs - 1).status).toBe('past_due');
    expect(standingOf(owing, graceEndsAtMs).status).toBe('suspended');
  });

  it('is active again as soon as nothing is owed, and the grace period is forgotten', () => {
    const paid = {
      ...owing,
      unpaidBills: [],
      graceEndsAtMs: NOW - DAY_MS,
      graceExtendedUntilMs: NOW + DAY_MS,
    };
    expect(standingOf(paid, NOW)).toMatchObject({ status: 'active', graceEndsAtMs: null });
  });

  it('with two unpaid bills counts grace from the older failure', () => {
    const later = { ...unpaidBill, billId: 'bill_2', failedAtMs: NOW };
    const both = standingOf({ ...customer, unpaidBills: [later, unpaidBill] }, NOW);
    expect(both).toMatchObject({
      graceEndsAtMs,
      reason: expect.stringMatching(/^Bills are unpaid/) as string,
    });
  });

  it('says when the customer must confirm a payment', () => {
    const unconfirmed = { ...unpaidBill, needsCustomerAction: true };
    expect(standingOf({ ...customer, unpaidBills: [unconfirmed] }, NOW).reason).toMatch(
      /confirm it on Stripe/,
    );
  });

  it('tells a person of what no rule can mend', () => {
    const { attention } = standingOf(
      {
        ...customer,
        disputes: [
          { id: 'du_1', status: 'needs_response', amountCents: 1_000, dueByMs: NOW },
          { id: 'du_2', status: 'lost', amountCents: 200, dueByMs: null },
          { id: 'du_3', status: 'won', amountCents: 300, dueByMs: null },
        ],
        parkedBills: [{ billId: 'bill_9', problem: 'Stripe: no such price' }],
        creditShortfallCents: 250,
      },
      NOW,
    );
    expect(attention).toEqual([
      'A payment of $10.00 is disputed (du_1, needs_response). Evidence is taken until 2026-11-10.',
      'The dispute du_2 over $2.00 is lost.',
      'The bill bill_9 has no invoice: Stripe: no such price',
      'Credits of $2.50 were refunded after they had been used.',
    ]);
  });
});

describe('whatever the facts', () => {
  const ids = fc.constantFrom('pm_1', 'pm_2', 'pm_3');
  const status = fc.constantFrom('active', 'past_due', 'unpaid', 'paused', 'canceled', 'incomplete_expired');
  const anyFacts: fc.Arbitrary<CustomerFacts> = fc.record({
    customerDeleted: fc.boolean(),
    defaultPaymentMethodId: fc.option(ids),
    paymentMethods: fc.uniqueArray(fc.record({ id: ids, created: fc.nat(5) }), { selector: ({ id }) => id }),
    newPaymentMethodIds: fc.uniqueArray(ids),
    subscriptions: fc.uniqueArray(
      fc
        .record({ id: fc.constantFrom('sub_1', 'sub_2'), status, created: fc.nat(5), isOurs: fc.boolean() })
        .map((each) => ({ ...each, endedAt: /canceled|expired/.test(each.status) ? 500 : null })),
      { selector: ({ id }) => id },
    ),
    completedSetups: fc.uniqueArray(
      fc.record({
        checkoutSessionId: fc.constantFrom('cs_1', 'cs_2'),
        paymentMethodId: ids,
        completedAt: fc.constantFrom(400, 600),
      }),
      { selector: ({ checkoutSessionId }) => checkoutSessionId },
    ),
    unpaidBills: fc.subarray([
      unpaidBill,
      { ...unpaidBill, billId: 'bill_2', stripeInvoiceId: 'in_2', stripeRetriesAtMs: null, failedAtMs: 0 },
    ]),
    parkedBills: fc.constant([]),
    disputes: fc.constant([]),
    creditShortfallCents: fc.constant(0),
    savedSubscriptionId: fc.constantFrom(null, 'sub_1', 'sub_2'),
    clusterId: fc.constantFrom(null, 'cluster-a'),
    operatorSuspension: fc.constantFrom(null, operatorSuspension),
    graceEndsAtMs: fc.constantFrom(null, NOW - DAY_MS, NOW + DAY_MS),
    graceExtendedUntilMs: fc.constantFrom(null, NOW - DAY_MS, NOW + DAY_MS),
    graceMs: fc.constantFrom(0, 7 * DAY_MS),
  });
  const anyWorld = fc.record({ clusterIsFree: fc.boolean(), cardPays: fc.boolean() });

  it('there comes an end to what is to be done, and then nothing is to be done', () => {
    fc.assert(
      fc.property(anyFacts, anyWorld, (facts, world) => {
        const { facts: settled, commands } = settle(facts, world);
        expect(nextCommand(settled, new Set(commands), NOW)).toBeNull();
      }),
    );
  });

  it('at most one subscription is created, and none while one is live', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const created = settle(facts).commands.filter((command) => command === 'createSubscription').length;
        const hasEnded = facts.subscriptions.length > 0;
        const isNew = facts.completedSetups.some(({ completedAt }) => !hasEnded || completedAt >= 500);
        const mayCreate = liveSubscription(facts) === null && isNew && !facts.customerDeleted;
        expect(created).toBe(mayCreate ? 1 : 0);
      }),
    );
  });

  it('nobody is active without a card or with an unpaid bill, and nobody is suspended who owes nothing and has a card', () => {
    fc.assert(
      fc.property(anyFacts, anyWorld, (facts, world) => {
        const { facts: settled, standing } = settle(facts, world);
        if (standing.status === 'active') {
          expect(settled.paymentMethods.length).toBeGreaterThan(0);
          expect(settled.unpaidBills).toEqual([]);
        }
        const isWell =
          !settled.customerDeleted &&
          settled.operatorSuspension === null &&
          liveSubscription(settled)?.status === 'active' &&
          settled.paymentMethods.length > 0 &&
          settled.unpaidBills.length === 0;
        if (isWell) expect(standing.status).toBe('active');
      }),
    );
  });

  it('a deadline that is shown lies ahead', () => {
    fc.assert(
      fc.property(anyFacts, anyWorld, (facts, world) => {
        const { status, graceEndsAtMs, nextLookAtMs } = settle(facts, world).standing;
        const deadlines = [nextLookAtMs, status === 'past_due' ? graceEndsAtMs : null];
        expect(deadlines.filter((at) => at !== null && at <= NOW)).toEqual([]);
      }),
    );
  });

  it('the order in which subscriptions, bills and offers are listed makes no difference', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const reversed: CustomerFacts = {
          ...facts,
          newPaymentMethodIds: facts.newPaymentMethodIds.toReversed(),
          subscriptions: facts.subscriptions.toReversed(),
          unpaidBills: facts.unpaidBills.toReversed(),
        };
        const [one, other] = [settle(facts), settle(reversed)];
        expect(other.commands).toEqual(one.commands);
        expect(other.facts.defaultPaymentMethodId).toBe(one.facts.defaultPaymentMethodId);
        expect(other.standing).toEqual(one.standing);
      }),
    );
  });
});

it('docs/billing.md shows the same table', async () => {
  const rows = STANDING_RULES.map(
    ({ when, status, waitingFor }) => `| ${when} | \`${status}\` | ${waitingFor ?? 'nothing'} |`,
  );
  const table = ['| when | standing | waits for |', '| --- | --- | --- |', ...rows].join('\n');
  expect(await readFile(new URL('../../docs/billing.md', import.meta.url), 'utf8')).toContain(table);
});
