/** The close of a month as the workflow, the CLI and the pages speak of it. */
import { type BillingPeriod, periodEnd } from './billing-period.ts';
import type { Mode } from './mode.ts';
import type { MonthTotals } from './month-balance.ts';
import { BILLING_BATCH_TASK_QUEUE } from './task-queues.ts';

export const MONTHLY_BILLING_WORKFLOW = 'monthlyBillingWorkflow';
export const CHARGE_PARTITION_WORKFLOW = 'chargePartitionWorkflow';
export const SCHEDULED_MONTHLY_BILLING_WORKFLOW = 'scheduledMonthlyBillingWorkflow';

export const monthlyBillingWorkflowId = (mode: Mode, period: BillingPeriod) =>
  `monthly-billing:${mode}:${period}`;
export const chargePartitionWorkflowId = ({ mode, period }: Month, partition: string) =>
  `${monthlyBillingWorkflowId(mode, period)}:charge-${partition}`;

export const BILLING_PROGRESS_QUERY = 'billingProgress';
export const APPROVE_UPDATE = 'approve';
export const HOLD_UPDATE = 'hold';
export const RELEASE_UPDATE = 'release';
export const SKIP_UPDATE = 'skip';
export const RETRY_PARKED_UPDATE = 'retryParked';

/** A month of one mode: what is closed, previewed and balanced. */
export interface Month {
  readonly mode: Mode;
  readonly period: BillingPeriod;
}

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
