import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { compareCheckoutSessions } from '../../domain/compare-checkout-sessions.ts';
import { compareCustomers, looksForPaymentMethods } from '../../domain/compare-customers.ts';
import {
  type ComparedBill,
  type ComparedInvoice,
  compareInvoices,
  compareMissingInvoice,
} from '../../domain/compare-invoices.ts';
import { compareMeter } from '../../domain/compare-meters.ts';
import { compareDisputes, compareRefunds } from '../../domain/compare-payments.ts';
import { compareSubscriptions } from '../../domain/compare-subscriptions.ts';
import { compareWebhookEndpoints } from '../../domain/compare-webhook-endpoints.ts';
import type { ComparedUser } from '../../domain/compared-user.ts';
import type { CustomerFacts } from '../../domain/customer-facts.ts';
import type { Drift } from '../../domain/reconciliation-findings.ts';
import { WEBHOOK_PATHS, wantedEventTypes } from '../../domain/stripe-event.ts';
import {
  card,
  customer,
  endedSubscription,
  NOW,
  settle,
  setup,
  subscription,
  unpaidBill,
} from './customer-fixtures.ts';

const NOW_SECONDS = NOW / 1_000;
const LONG_AGO = NOW_SECONDS - 100_000;

const user: ComparedUser = {
  userId: 'ada',
  stripeCustomerId: 'cus_1',
  subscriptionId: 'sub_1',
  defaultPaymentMethodId: 'pm_1',
  status: 'active',
  waitingFor: null,
  statusObjectId: 'sub_1',
};
const usersOf = (changes: Partial<ComparedUser> = {}) => new Map([['cus_1', { ...user, ...changes }]]);

/** Code, fix and kind of repair of each. */
const summaryOf = (drifts: readonly Drift[]) =>
  drifts.map(({ finding, repair }) => `${finding.code} ${finding.fix} ${repair?.type ?? 'by hand'}`);

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

describe('invoices', () => {
  const bill: ComparedBill = {
    billId: 'bill_1',
    userId: 'ada',
    period: parseBillingPeriod('2026-10'),
    status: 'open',
    totalCents: 200,
    refundedCents: 0,
    stripeInvoiceId: 'in_1',
    isCollectible: true,
  };
  const invoice: ComparedInvoice = {
    id: 'in_1',
    status: 'open',
    attempted: false,
    stripeCustomerId: 'cus_1',
    billId: 'bill_1',
    billedUserId: null,
    subscription: null,
    subtotalCents: 200,
    askedCents: 200,
    creditedCents: 0,
    created: LONG_AGO - 100,
    changedAt: LONG_AGO,
  };
  const compare = (changes: Partial<ComparedInvoice>, ofBill: Partial<ComparedBill> = {}) => {
    const bills = new Map([['bill_1', { ...bill, ...ofBill }]]);
    const have = { users: usersOf(), bills, withoutCustomer: new Set(['cid']) };
    return compareInvoices([{ ...invoice, ...changes }], have, NOW_SECONDS);
  };
  const CHANGED = ['invoice_changed repaired event'];
  const AMOUNT = ['invoice_amount proposed by hand'];
  const LOST = ['bill_missed repaired event'];
  const SECOND = ['second_invoice proposed by hand'];
  const NOT_ZERO = ['subscription_invoice_not_zero proposed by hand'];
  const sub = (id: string, isOurs: boolean) => ({
    id: 'in_9',
    billId: null,
    subscription: { id, isOurs },
    status: 'paid',
  });
  const ofSubscription = sub('sub_1', true);

  it.each([
    ['open, as here', {}, {}, []],
    ['paid', { status: 'paid' }, {}, CHANGED],
    ['voided', { status: 'void' }, { status: 'payment_failed' }, CHANGED],
    ['declined', { attempted: true }, {}, CHANGED],
    ['written off', { status: 'uncollectible', attempted: true }, { status: 'payment_failed' }, CHANGED],
    [
      'written off, as here',
      { status: 'uncollectible' },
      { status: 'payment_failed', isCollectible: false },
      [],
    ],
    ['finalized, and the bill does not know of it', {}, { status: 'frozen', stripeInvoiceId: null }, CHANGED],
    ['a draft', { status: 'draft', subtotalCents: 0 }, { status: 'frozen', stripeInvoiceId: null }, []],
    ['paid just now', { status: 'paid', changedAt: NOW_SECONDS - 60 }, {}, []],
    ['over another amount', { subtotalCents: 300 }, {}, AMOUNT],
    [
      'over too much, of which too little was credited',
      { subtotalCents: 300, creditedCents: 99 },
      {},
      AMOUNT,
    ],
    ['over too much, and the rest was credited', { subtotalCents: 300, creditedCents: 100 }, {}, []],
    ['over too much, and the rest was refunded', { subtotalCents: 300 }, { refundedCents: 100 }, []],
    [
      'over too much, of which as much was credited as refunded',
      { subtotalCents: 300, creditedCents: 60 },
      { refundedCents: 60 },
      AMOUNT,
    ],
    ['over too little, and more was credited', { subtotalCents: 150, creditedCents: 50 }, {}, AMOUNT],
    ['a second one', { id: 'in_2' }, {}, SECOND],
    ['one that was voided and replaced', { id: 'in_0', status: 'void' }, {}, []],
    ['a second one that was paid, and credited', { id: 'in_2', status: 'paid', askedCents: 0 }, {}, []],
    ['a second one that has no lines yet', { id: 'in_2', status: 'draft', askedCents: 0 }, {}, SECOND],
    ['of no bill that we have', { billId: 'bill_2' }, {}, ['invoice_without_bill proposed by hand']],
    ['of no bill, paid and credited', { billId: 'bill_2', status: 'paid', askedCents: 0 }, {}, []],
    ['of no bill, and void', { billId: 'bill_2', status: 'void' }, {}, []],
    ['of a bill that was lost', { billId: 'bill_2', billedUserId: 'ada' }, {}, LOST],
    [
      'of a bill that was lost, and void',
      { billId: 'bill_2', billedUserId: 'ada', status: 'void' },
      {},
      LOST,
    ],
    [
      'a draft of a bill that was lost',
      { billId: 'bill_2', billedUserId: 'ada', status: 'draft' },
      {},
      ['invoice_without_bill proposed by hand'],
    ],
    [
      "of a bill of somebody else's",
      { billId: 'bill_2', billedUserId: 'bob' },
      {},
      ['invoice_without_bill proposed by hand'],
    ],
    [
      'of a bill of a user who is given their customer back',
      { billId: 'bill_2', billedUserId: 'cid', stripeCustomerId: 'cus_2' },
      {},
      [],
    ],
    ['of the subscription, over nothing', { ...ofSubscription, askedCents: 0 }, {}, []],
    ['of the subscription, over something', ofSubscription, {}, NOT_ZERO],
    ['of the subscription, given back', { ...ofSubscription, askedCents: 0 }, {}, []],
    ['of the subscription, voided', { ...ofSubscription, status: 'void' }, {}, []],
    ["of another's subscription", { ...ofSubscription, stripeCustomerId: 'cus_2' }, {}, []],
    ['of an earlier subscription of ours', sub('sub_0', true), {}, NOT_ZERO],
    ["of the user's, which somebody else made", sub('sub_1', false), {}, NOT_ZERO],
    ['of a subscription to another product', sub('sub_5', false), {}, []],
    ['made by hand', { billId: null }, {}, []],
  ] as const)('%s', (_what, changes, ofBill, expected) => {
    expect(summaryOf(compare(changes, ofBill))).toEqual(expected);
  });

  it.each([
    ['draft', {}, 'delete the draft in_2'],
    ['open', {}, 'void in_2'],
    ['uncollectible', {}, 'void in_2'],
    ['paid', { askedCents: 150 }, 'give $1.50 of in_2 back by a credit note'],
  ] as const)('are undone as Stripe lets one that is %s be undone', (status, changes, undoing) => {
    const proposalFor = (what: Partial<ComparedInvoice>) =>
      compare({ id: 'in_2', status, ...changes, ...what })[0]?.finding.proposal;
    expect(proposalFor({})).toBe(`See that in_1 is the right one; then ${undoing}.`);
    expect(proposalFor({ billId: 'bill_2' })).toBe(
      `Unless another installation uses this Stripe account, ${undoing}.`,
    );
    expect(proposalFor({ billId: null, subscription: { id: 'sub_1', isOurs: true } })).toBe(
      `Stop who posts meter events; then ${undoing}.`,
    );
  });

  it('that ask for too much say what to give back, and those that ask for too little what to ask for', () => {
    const proposalFor = (subtotalCents: number) => compare({ subtotalCents })[0]?.finding.proposal;
    expect(proposalFor(325)).toContain('give $1.25 back by a credit note');
    expect(proposalFor(150)).toContain('ask for the other $0.50 by an invoice of its own');
  });

  it('that changed again are told again', () => {
    const idOfEvent = (changes: Partial<ComparedInvoice>) => {
      const [drift] = compare(changes);
      return drift?.repair?.type === 'event' ? drift.repair.envelope.eventId : null;
    };
    expect(idOfEvent({ attempted: true })).toBe('reconciled:in_1:open:attempted');
    expect(idOfEvent({ attempted: true, status: 'paid' })).toBe('reconciled:in_1:paid:attempted');
  });

  it('whose bill was lost are told of in each run anew', () => {
    const told = (stripeNow: number) => {
      const lost = { ...invoice, billId: 'bill_2', billedUserId: 'ada' };
      const have = { users: usersOf(), bills: new Map(), withoutCustomer: new Set<string>() };
      const [drift] = compareInvoices([lost], have, stripeNow);
      return drift?.repair?.type === 'event' ? drift.repair.envelope : null;
    };
    expect(told(NOW_SECONDS)).toMatchObject({ type: 'invoice.updated', objectId: 'in_1', hadNoEffect: true });
    expect(told(NOW_SECONDS)?.eventId).not.toBe(told(NOW_SECONDS + 1)?.eventId);
  });

  it('whose draft was deleted have their bill parked, and say how it gets another', () => {
    const { finding, repair } = compareMissingInvoice('in_1', { ...bill, status: 'frozen' }, 'test');
    expect(finding).toMatchObject({ code: 'draft_deleted', fix: 'proposed' });
    expect(finding.proposal).toContain('npm run billing -- retry-parked 2026-10 --mode test');
    expect(repair).toMatchObject({ type: 'park_bill', billId: 'bill_1' });
    expect(summaryOf([compareMissingInvoice('in_1', bill, 'test')])).toEqual([
      'invoice_missing proposed by hand',
    ]);
  });
});

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

describe('webhook endpoints', () => {
  const url = `https://billing.example${WEBHOOK_PATHS.test}`;
  const endpoint = {
    id: 'we_1',
    url,
    isEnabled: true,
    eventTypes: wantedEventTypes('test') as readonly string[],
  };
  const compare = (changes: object) => compareWebhookEndpoints([{ ...endpoint, ...changes }], 'test');

  it('are enabled, and ask for all that takes effect', () => {
    expect(compare({})).toEqual([]);
    expect(compare({ eventTypes: ['*'] })).toEqual([]);
    const [drift] = compare({ eventTypes: endpoint.eventTypes.filter((type) => type !== 'invoice.paid') });
    expect(drift?.finding).toMatchObject({
      code: 'webhook_endpoint_types',
      objectId: 'we_1',
      fix: 'proposed',
    });
    expect(drift?.finding.proposal).toMatch(/: invoice\.paid\.$/);
  });

  it('that are disabled, or lead elsewhere, say how to mend it', () => {
    expect(compare({ isEnabled: false })[0]?.finding).toMatchObject({ code: 'webhook_endpoint_disabled' });
    expect(summaryOf(compare({ url: `https://billing.example${WEBHOOK_PATHS.live}` }))).toEqual([
      'webhook_endpoint_missing proposed by hand',
    ]);
  });

  it('one of two that is enabled is enough', () => {
    expect(
      compareWebhookEndpoints([endpoint, { ...endpoint, id: 'we_2', isEnabled: false }], 'test'),
    ).toEqual([]);
  });
});

describe('meters', () => {
  const start = (day: string) => Date.parse(`${day}T00:00:00Z`) / 1_000;
  const meter = { meterId: 'mtr_1', product: 'gpu_hour', userId: 'ada', stripeCustomerId: 'cus_1' } as const;

  it('hold nothing: what was posted is one finding for each month, with what is to be credited', () => {
    expect(compareMeter({ ...meter, days: [] })).toEqual([]);
    const drifts = compareMeter({
      ...meter,
      days: [
        { start: start('2026-10-31'), quantity: 0.1 },
        { start: start('2026-10-30'), quantity: 0.2 },
        { start: start('2026-11-01'), quantity: 5 },
      ],
    });
    expect(drifts.map(({ finding }) => [finding.objectId, finding.what])).toEqual([
      ['mtr_1:cus_1:2026-10', 'Somebody posted 0.3 of gpu_hour to the meter mtr_1 for cus_1 in 2026-10.'],
      ['mtr_1:cus_1:2026-11', 'Somebody posted 5 of gpu_hour to the meter mtr_1 for cus_1 in 2026-11.'],
    ]);
    expect(drifts[0]?.finding.proposal).toContain('at the beginning of 2026-11');
  });

  it('that were corrected to nothing are as if nothing had been posted', () => {
    const days = [
      { start: start('2026-10-30'), quantity: 2 },
      { start: start('2026-10-31'), quantity: -2 },
    ];
    expect(compareMeter({ ...meter, days })).toEqual([]);
  });
});
