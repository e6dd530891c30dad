import { describe, expect, it } from 'vitest';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import {
  type ComparedBill,
  type ComparedInvoice,
  compareInvoices,
  compareMissingInvoice,
} from '../../domain/compare-invoices.ts';
import { LONG_AGO, NOW_SECONDS, summaryOf, usersOf } from './compared-fixtures.ts';

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
