/**
 * A test purchase as the api, its workflow and the admin page speak of it: credits that are bought with one of Stripe's test
 * cards, to see that payments, webhooks and credits work. It is of test mode, always: nothing here has a mode to choose.
 */

import { Big } from 'big.js';
import { inWords } from './in-words.ts';
import { instantText, markdownTable, tableCell } from './markdown.ts';
import { type DecimalString, divideToCents } from './money.ts';
import { BILLING_TASK_QUEUE } from './task-queues.ts';

/** What the card does; the numbers are those of https://docs.stripe.com/testing */
export const TEST_CARDS = {
  /** 4242 4242 4242 4242 */
  success: 'pm_card_visa',
  /** 4000 0000 0000 0002 */
  decline: 'pm_card_visa_chargeDeclined',
  /** 4000 0025 0000 3155: wants its owner, unless it was set up before, which a test purchase never does. */
  authentication: 'pm_card_authenticationRequiredOnSetup',
} as const;

/** The name of a test card, by what it does. */
export type TestCard = keyof typeof TEST_CARDS;
/** In the order in which the admin's page offers them. */
export const TEST_CARD_NAMES = ['success', 'decline', 'authentication'] as const satisfies TestCard[];

/**
 * `processing`: under way. `requires_action`: waits until the card's owner has authenticated at the link. The others are ends:
 * `expired` is one that nobody has authenticated, or that could not be carried out, in a day, or whose payment was canceled
 * in Stripe.
 */
export const TEST_PURCHASE_STATUSES = [
  'processing',
  'requires_action',
  'succeeded',
  'declined',
  'expired',
] as const;
/** Where a test purchase stands. */
export type TestPurchaseStatus = (typeof TEST_PURCHASE_STATUSES)[number];

/**
 * What a step is about, mostly in this order. `wait`: for the card's owner, or a webhook; `webhook`: one that has
 * come; `look`: the payment was looked at without one.
 */
export const TEST_PURCHASE_STEPS = [
  'customer',
  'product',
  'payment',
  'wait',
  'webhook',
  'look',
  'credits',
] as const;

/** Something that a purchase has done, or does. */
export interface TestPurchaseStep {
  readonly step: (typeof TEST_PURCHASE_STEPS)[number];
  /** When it began; ISO 8601. */
  readonly at: string;
  /** For a person: what is done, or what came of it. */
  readonly detail: string;
}

/** What was asked for. */
export interface TestPurchaseRequest {
  readonly userId: string;
  /** From 1 to 10,000. */
  readonly credits: number;
  readonly card: TestCard;
}

/** What its workflow is started with. */
export interface TestPurchaseInput extends TestPurchaseRequest {
  readonly purchaseId: string;
  /** Where the bank's page leads back to. */
  readonly returnUrl: string;
}

/** Answer of the query `testPurchaseState`, and what the database keeps. */
export interface TestPurchaseState extends TestPurchaseRequest {
  readonly purchaseId: string;
  readonly status: TestPurchaseStatus;
  /** `cus_…`, of test mode. */
  readonly stripeCustomerId: string | null;
  /** `pi_…` */
  readonly paymentIntentId: string | null;
  /** Where the card's owner authenticates, while that is waited for. */
  readonly link: string | null;
  /** Why it was declined or expired, or what it stands still for. */
  readonly problem: string | null;
  /** Stripe's code of a decline, such as `generic_decline`. */
  readonly declineCode: string | null;
  /** Oldest first. */
  readonly steps: readonly TestPurchaseStep[];
}

/** The end of a purchase. A declined card is one, not a failure. */
export type TestPurchaseResult = Pick<
  TestPurchaseState,
  'status' | 'paymentIntentId' | 'declineCode' | 'problem'
>;

/**
 * Type of the workflow that is one test purchase. The admin's api starts it; Stripe's webhooks come to it as the
 * signal `stripeEvent`.
 */
export const TEST_PURCHASE_WORKFLOW = 'testPurchaseWorkflow';
/**
 * Query: where the purchase stands, as a {@link TestPurchaseState}. For the Temporal Web UI: the admin's page reads
 * the database.
 */
export const TEST_PURCHASE_STATE_QUERY = 'testPurchaseState';

/** One for each purchase; its id comes from the caller's idempotency key, so that asked for twice it is bought once. */
export const testPurchaseWorkflowId = (purchaseId: string) => `test-purchase:${purchaseId}`;

/** How a purchase is started, by whom ever: an id is good for one purchase. It sets its search attributes itself, as customers' workflows do. */
export function testPurchaseStart(input: TestPurchaseInput) {
  return {
    workflowId: testPurchaseWorkflowId(input.purchaseId),
    taskQueue: BILLING_TASK_QUEUE,
    args: [input] satisfies [TestPurchaseInput],
    workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
    staticSummary: `Test purchase of ${countOfCredits(input.credits)} for ${input.userId}, card: ${input.card}`,
    staticDetails:
      'Buys credits with a test card, in test mode: no real charge. Each step is in the current details below.',
  };
}

/** Whether nothing more will come of it. */
export function isEnded(status: TestPurchaseStatus): boolean {
  return status !== 'processing' && status !== 'requires_action';
}

/** What so many credits cost, in cents, at the price of one. */
export function priceOfCredits(credits: number, unitPriceCents: DecimalString): number {
  return divideToCents(new Big(unitPriceCents).times(credits));
}

/** `1 credit`, `12 credits` */
export const countOfCredits = (credits: number) => (credits === 1 ? '1 credit' : `${credits} credits`);

/** Where a purchase stands, and its steps with their times: for the Temporal Web UI. */
export function stepsMarkdown(state: TestPurchaseState): string {
  const { status, link, problem, declineCode, steps } = state;
  const facts = [
    `**${inWords(status)}**`,
    ...(declineCode === null ? [] : [`\`${declineCode}\``]),
    ...(problem === null ? [] : [tableCell(problem)]),
    ...(link === null ? [] : [`[authenticate the card here](${link})`]),
  ];
  const rows = steps.map(({ step, at, detail }) => [instantText(at), step, tableCell(detail)]);
  return `${facts.join(' · ')}\n\n${markdownTable(['Time', 'Step', ''], rows)}`;
}
