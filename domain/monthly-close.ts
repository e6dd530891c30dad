/** The close of a month as the workflow, the CLI and the pages speak of it. */
import { type BillingPeriod, periodEnd } from './billing-period.ts';
import type { Mode } from './mode.ts';
import type { MonthTotals } from './month-balance.ts';
import { BILLING_BATCH_TASK_QUEUE } from './task-queues.ts';

/**
 * Type of the workflow that closes a month. Started by the Schedule's workflow, by an operator, or by a decision about
 * a month whose close has ended.
 */
export const MONTHLY_BILLING_WORKFLOW = 'monthlyBillingWorkflow';
/** Type of the close's child that brings one partition of the month's bills to Stripe. */
export const CHARGE_PARTITION_WORKFLOW = 'chargePartitionWorkflow';
/**
 * Type of the workflow that the Schedule starts on the 1st; it starts the close of the month that had ended at its
 * scheduled time.
 */
export const SCHEDULED_MONTHLY_BILLING_WORKFLOW = 'scheduledMonthlyBillingWorkflow';

/**
 * One close of a month at a time: started while it runs, it is met; started when it has ended, it bills nothing twice.
 */
export const monthlyBillingWorkflowId = (mode: Mode, period: BillingPeriod) =>
  `monthly-billing:${mode}:${period}`;
/** One for each partition of a close, which counts them: `1-3` is the third of its first round. */
export const chargePartitionWorkflowId = ({ mode, period }: Month, partition: string) =>
  `${monthlyBillingWorkflowId(mode, period)}:charge-${partition}`;

/** Query: how far the close is, as a {@link MonthlyBillingReport}. Asked by the CLI and the admin's page. */
export const BILLING_PROGRESS_QUERY = 'billingProgress';
/** Update of an operator's: the frozen bills of the month go out. Refused unless the close waits for it. */
export const APPROVE_UPDATE = 'approve';
/**
 * Update of an operator's: frozen bills do not go out until they are released. Refused as a whole when one of them is
 * on its way to Stripe.
 */
export const HOLD_UPDATE = 'hold';
/** Update of an operator's: held bills may go out: with the others, or at once when these have gone. */
export const RELEASE_UPDATE = 'release';
/** Update of an operator's: held bills stay held, and the close ends without waiting for them. */
export const SKIP_UPDATE = 'skip';
/** Update of an operator's: the month's parked bills are tried once more. */
export const RETRY_PARKED_UPDATE = 'retryParked';

/** A month of one mode: what is closed, previewed and balanced. */
export interface Month {
  readonly mode: Mode;
  readonly period: BillingPeriod;
}

/** The month to be closed. */
export interface MonthlyBillingInput extends Month {
  /** Started for the sake of a decision about a month that is closed already: nothing is frozen, and no other bill charged. */
  readonly onlyDecisions?: boolean;
}

/**
 * What a close does at the moment, or waits for. `invoicing`: bills are on their way to Stripe. `awaiting_release`: all that may go
 * out has, and held bills wait for a person.
 */
export const CLOSE_PHASES = [
  'collecting',
  'freezing',
  'awaiting_approval',
  'invoicing',
  'awaiting_release',
  'done',
] as const;
/** What a close is at. */
export type ClosePhase = (typeof CLOSE_PHASES)[number];

/** Result of a close, and answer of the query `billingProgress` while it runs. */
export interface MonthlyBillingReport extends Month {
  readonly phase: ClosePhase;
  /** Bills frozen by this run, the held ones included. */
  readonly frozenBills: number;
  /** Bills that this run brought to an invoice. */
  readonly invoicedBills: number;
  readonly invoicedCents: number;
  /** Bills of the month that Stripe has refused for good. While bills go out: those that this run has met. */
  readonly parkedBills: number;
  /** Bills of the month that a person must release. */
  readonly heldBills: number;
  /** Why bills stand still, and since when (Unix milliseconds); `null` while they don't. */
  readonly waiting: StandStill | null;
  /** Where all usage of the month has gone; `null` until the run has ended. */
  readonly balance: MonthTotals | null;
}

/** Bills wait because none gets through. */
export interface StandStill {
  readonly sinceMs: number;
  /** What the last bill met that was tried. */
  readonly problem: string;
}

/** What one partition has come to. */
export interface ChargedBills {
  readonly invoicedBills: number;
  readonly invoicedCents: number;
  readonly parkedBills: number;
}

/** Users from one id to another, in the order of the database. */
export interface UserRange {
  /** Exclusive; empty for the first. */
  readonly afterUserId: string;
  /** Inclusive; `null`: to the end. */
  readonly throughUserId: string | null;
}

/** Whether the month has ended. */
export function isOver(period: BillingPeriod, now: Date): boolean {
  return periodEnd(period) <= now;
}

/** Why the month can't be closed, in a sentence without its full stop; `null` when it can. */
export function whyNotClose(period: BillingPeriod, now: Date): string | null {
  return isOver(period, now) ? null : `${period} is not over yet; only a month that has ended can be closed`;
}

/** In a sentence, such as `completed with 3 bills parked and 1 held`. */
export function outcomeOf({ parkedBills, heldBills }: MonthlyBillingReport): string {
  const left = [
    ...(parkedBills > 0 ? [`${countOf(parkedBills)} parked`] : []),
    ...(heldBills > 0 ? [`${countOf(heldBills)} held`] : []),
  ];
  return left.length === 0 ? 'completed' : `completed with ${left.join(' and ')}`;
}

const countOf = (bills: number) => (bills === 1 ? '1 bill' : `${bills} bills`);

/** What the Temporal Web UI tells an operator about every close. Markdown. */
const MONTHLY_BILLING_DETAILS = [
  'To decide, **More Actions → Send an Update**:',
  '',
  '| Update | JSON | |',
  '|---|---|---|',
  '| approve | `{"approvedBy": "your name"}` | lets the frozen bills of the month go out |',
  '| hold | `{"bills": ["bill_…"], "by": "your name", "reason": "…"}` | keeps bills from going out |',
  '| release | `{"bills": ["bill_…"], "by": "your name"}` | lets held bills go out |',
  '| skip | `{"bills": ["bill_…"], "by": "your name"}` | they stay held, and the close ends without them |',
  '| retryParked | `{"by": "your name"}` | tries the parked bills once more |',
].join('\n');

/** How a close is started, by whom ever: there is one for each month. */
export function monthlyBillingStart(input: MonthlyBillingInput) {
  return {
    workflowId: monthlyBillingWorkflowId(input.mode, input.period),
    taskQueue: BILLING_BATCH_TASK_QUEUE,
    args: [input] satisfies [MonthlyBillingInput],
    staticSummary: `Close of ${input.period}, ${input.mode}`,
    staticDetails: MONTHLY_BILLING_DETAILS,
  };
}
