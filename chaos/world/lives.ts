/** What customers do, step by step, and how each must end, however Stripe's webhooks come. */
import { CARDS } from './customers.ts';
import {
  attaches,
  billFails,
  billIsPaid,
  buysCredits,
  cancels,
  completes,
  disputeIsAccepted,
  hasCredits,
  hasPlace,
  inOneGo,
  isChargedTo,
  isDeleted,
  opensCheckout,
  refundsCredits,
  removesCard,
  type Step,
  secondPasses,
  voidsBill,
  writesBillOff,
} from './life-steps.ts';
import { ACTIVE, type Outcome } from './outcomes.ts';

/** What one customer does before and after a month is closed. */
export interface Life {
  readonly story: string;
  /** Uses $3.00 worth in the month that is closed. */
  readonly isBilled: boolean;
  readonly beforeClose: readonly Step[];
  readonly afterClose: readonly Step[];
  /** How it must end. What is not named here must be the same in calm and storm as well. */
  readonly ends: Partial<Outcome>;
}

const subscriptionEnded = { status: 'suspended', waitingFor: 'subscription', hasCluster: false } as const;
const failingBill = {
  isBilled: true,
  beforeClose: [completes(CARDS.declinesCharges), isChargedTo('0341')],
} as const;

/** Lives that end the same however Stripe's webhooks come: late, twice, all at once or in another order. */
export const LIVES: readonly Life[] = [
  {
    story: 'subscribes',
    isBilled: true,
    beforeClose: [completes(CARDS.good), isChargedTo('4242')],
    afterClose: [],
    ends: { ...ACTIVE, bills: ['300 paid'], payments: ['300 by 4242'] },
  },
  {
    story: 'adds a second card',
    isBilled: true,
    beforeClose: [inOneGo(completes(CARDS.good), attaches('tok_mastercard')), isChargedTo('4444')],
    afterClose: [],
    ends: { ...ACTIVE, cards: ['4242', '4444'], defaultCard: '4444', payments: ['300 by 4444'] },
  },
  {
    story: 'completes two Checkouts at once',
    isBilled: true,
    beforeClose: [
      opensCheckout,
      inOneGo(completes(CARDS.anotherGood), completes(CARDS.good)),
      isChargedTo('4242'),
    ],
    afterClose: [],
    ends: { ...ACTIVE, cards: ['4242', '4444'], defaultCard: '4242', payments: ['300 by 4242'] },
  },
  {
    story: 'pays a failed bill with a new card',
    ...failingBill,
    afterClose: [billFails, opensCheckout, completes(CARDS.good)],
    ends: { ...ACTIVE, defaultCard: '4242', bills: ['300 paid'], payments: ['300 by 4242'], owesCents: 0 },
  },
  {
    story: 'has a failed bill written off',
    ...failingBill,
    afterClose: [billFails, writesBillOff],
    ends: { ...ACTIVE, status: 'past_due', waitingFor: 'payment', owesCents: 300, payments: [] },
  },
  {
    story: 'has a failed bill voided',
    ...failingBill,
    afterClose: [billFails, voidsBill],
    ends: { ...ACTIVE, bills: ['300 void'], owesCents: 0, payments: [] },
  },
  {
    story: 'removes the last card',
    isBilled: true,
    beforeClose: [completes(CARDS.good), isChargedTo('4242')],
    afterClose: [billIsPaid, inOneGo(hasPlace, removesCard)],
    ends: { ...ACTIVE, status: 'suspended', waitingFor: 'payment_method', cards: [], defaultCard: null },
  },
  {
    story: 'ends the subscription',
    isBilled: true,
    beforeClose: [completes(CARDS.good), isChargedTo('4242'), cancels],
    afterClose: [],
    ends: { ...subscriptionEnded, subscriptions: ['canceled'], payments: ['300 by 4242'] },
  },
  {
    story: 'ends the subscription that two Checkouts made',
    isBilled: false,
    // In the storm one of the Checkouts may be heard of only after the end: it must make no other subscription.
    beforeClose: [
      opensCheckout,
      inOneGo(completes(CARDS.good), completes(CARDS.anotherGood), secondPasses, cancels),
    ],
    afterClose: [],
    ends: { ...subscriptionEnded, subscriptions: ['canceled'], defaultCard: '4444' },
  },
  {
    story: 'ends the subscription and subscribes again',
    isBilled: true,
    beforeClose: [
      completes(CARDS.good),
      inOneGo(cancels, opensCheckout, completes(CARDS.anotherGood)),
      isChargedTo('4444'),
    ],
    afterClose: [],
    ends: { ...ACTIVE, subscriptions: ['active', 'canceled'], payments: ['300 by 4444'] },
  },
  {
    story: 'has a card and no subscription',
    isBilled: true,
    beforeClose: [attaches('tok_visa'), isChargedTo('4242')],
    afterClose: [],
    ends: { status: 'none', waitingFor: 'checkout', subscriptions: [], payments: ['300 by 4242'] },
  },
  {
    story: 'is deleted in Stripe',
    isBilled: false,
    beforeClose: [completes(CARDS.good), isDeleted],
    afterClose: [],
    ends: { ...subscriptionEnded, subscriptions: ['canceled'], cards: [], payments: [] },
  },
  {
    story: 'disputes a payment, which we accept',
    isBilled: true,
    beforeClose: [completes(CARDS.disputed), isChargedTo('0259')],
    afterClose: [disputeIsAccepted],
    ends: {
      ...ACTIVE,
      bills: ['300 paid'],
      payments: ['300 by 0259'],
      attention: ['The dispute … over $3.00 is lost.'],
    },
  },
  {
    story: 'buys credits and has them refunded, used ones too',
    isBilled: true,
    beforeClose: [
      completes(CARDS.good),
      inOneGo(buysCredits(25), refundsCredits(1_000)),
      isChargedTo('4242'),
      hasCredits(1_500),
    ],
    afterClose: [refundsCredits(1_500)],
    ends: { ...ACTIVE, creditsCents: 0, creditShortfallCents: 300, bills: ['0 paid'] },
  },
];
