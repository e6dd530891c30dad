/**
 * The names by which the api, the CLI and the workflows know each other. Every workflow id is derived from business
 * identity, so that starting the same thing twice meets the one that runs.
 */
import type { BillingPeriod } from './billing-period.ts';
import type { BillingStatus, WaitingFor } from './customer-billing.ts';
import type { Mode } from './mode.ts';

/** Interactive work: a person, or a webhook, is waiting for it. */
export const BILLING_TASK_QUEUE = 'billing';
/** The monthly close. On a queue of its own, so that nobody waits behind a hundred thousand invoices. */
export const BILLING_BATCH_TASK_QUEUE = 'billing-batch';

export const customerBillingWorkflowId = (mode: Mode, stripeCustomerId: string) =>
  `customer-billing:${mode}:${stripeCustomerId}`;
export const customerRegistrationWorkflowId = (mode: Mode, userId: string) =>
  `customer-registration:${mode}:${userId}`;
export const monthlyBillingWorkflowId = (mode: Mode, period: BillingPeriod) =>
  `monthly-billing:${mode}:${period}`;
export const monthlyBillingScheduleId = (mode: Mode) => `monthly-billing-${mode}`;

export const CUSTOMER_BILLING_WORKFLOW = 'customerBillingWorkflow';
export const CUSTOMER_REGISTRATION_WORKFLOW = 'customerRegistrationWorkflow';
export const MONTHLY_BILLING_WORKFLOW = 'monthlyBillingWorkflow';
export const SCHEDULED_MONTHLY_BILLING_WORKFLOW = 'scheduledMonthlyBillingWorkflow';

export const STRIPE_EVENT_SIGNAL = 'stripeEvent';
export const USER_CHANGED_SIGNAL = 'userChanged';
export const START_CHECKOUT_UPDATE = 'startCheckout';
export const BILLING_STATE_QUERY = 'billingState';
export const BILLING_PROGRESS_QUERY = 'billingProgress';
export const APPROVE_UPDATE = 'approve';

/** Typed search attributes that answer "which customers are past due?" in the Temporal Web UI. */
export const SEARCH_ATTRIBUTES = {
  BillingMode: 'Keyword',
  BillingStatus: 'Keyword',
  StripeCustomerId: 'Keyword',
  BillingPeriod: 'Keyword',
} as const;

export interface CustomerBillingInput {
  readonly mode: Mode;
  readonly stripeCustomerId: string;
}

/** What a webhook delivery comes down to: no card or personal data, for it stays in the workflow's history. */
export interface StripeEventEnvelope {
  readonly eventId: string;
  readonly type: string;
  /** The object the event is about, such as `in_…`; it is fetched again, never trusted as delivered. */
  readonly objectId: string;
  /** Unix seconds. */
  readonly created: number;
}

export interface StartCheckoutRequest {
  readonly mode: 'setup';
  readonly successUrl: string;
  readonly cancelUrl: string;
  /** Business key of the session, at most 100 characters and not shared by users: the same key gives the same session. */
  readonly idempotencyKey: string;
}

export interface StartedCheckout {
  /** The Checkout session, `cs_…`. */
  readonly id: string;
  /** Stripe's hosted page to send the user to. */
  readonly url: string;
}

/** Answer of the query `billingState`. */
export interface CustomerBillingState {
  readonly status: BillingStatus | 'unknown';
  readonly waitingFor: WaitingFor | null;
  readonly reason: string;
  readonly graceEndsAtMs: number | null;
  /** Events received and not applied yet. */
  readonly queuedEvents: number;
  readonly appliedEvents: number;
  readonly duplicateEvents: number;
  /** A step that Stripe refused for good, with the request to show to Stripe's support. */
  readonly parked: ParkedStep | null;
}

export interface ParkedStep {
  readonly step: string;
  readonly message: string;
  readonly stripeRequestId: string | null;
}

export interface CustomerRegistrationInput {
  readonly mode: Mode;
  readonly userId: string;
}

export interface MonthlyBillingInput {
  readonly mode: Mode;
  readonly period: BillingPeriod;
}

/** Result of a close, and answer of the query `billingProgress` while it runs. */
export interface MonthlyBillingReport {
  readonly mode: Mode;
  readonly period: BillingPeriod;
  readonly phase: 'collecting' | 'freezing' | 'awaiting_approval' | 'invoicing' | 'done';
  /** Bills frozen by this run. */
  readonly frozenBills: number;
  /** Bills that this run brought to an invoice, or that needed none because nothing was left to pay. */
  readonly invoicedBills: number;
  readonly parkedBills: number;
  readonly invoicedCents: number;
}
