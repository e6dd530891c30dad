/**
 * The names by which the api, the CLI and the workflows know each other. Every workflow id is derived from business
 * identity, so that starting the same thing twice meets the one that runs.
 */
import type { BillingPeriod } from './billing-period.ts';
import type { CustomerKey } from './customer-key.ts';
import type { BillingStatus, WaitingFor } from './customer-standing.ts';
import type { Mode } from './mode.ts';

/** Interactive work: a person, or a webhook, is waiting for it. */
export const BILLING_TASK_QUEUE = 'billing';
/** The monthly close. On a queue of its own, so that nobody waits behind a hundred thousand bills. */
export const BILLING_BATCH_TASK_QUEUE = 'billing-batch';
/** Its bills on their way to Stripe. On a queue of their own, which hands them out at the rate that Stripe allows the mode. */
export const billingChargesTaskQueue = (mode: Mode) => `billing-charges-${mode}`;
/** Messages to the host product. On a queue of their own, so that a host that hangs holds up nothing else. */
export const BILLING_HOOKS_TASK_QUEUE = 'billing-hooks';

export const customerBillingWorkflowId = (mode: Mode, stripeCustomerId: string) =>
  `customer-billing:${mode}:${stripeCustomerId}`;
export const chargeEventWorkflowId = (mode: Mode, eventId: string) => `charge-event:${mode}:${eventId}`;
export const customerRegistrationWorkflowId = (mode: Mode, userId: string) =>
  `customer-registration:${mode}:${userId}`;
export const monthlyBillingWorkflowId = (mode: Mode, period: BillingPeriod) =>
  `monthly-billing:${mode}:${period}`;
export const chargePartitionWorkflowId = (
  { mode, period }: { readonly mode: Mode; readonly period: BillingPeriod },
  partition: string,
) => `${monthlyBillingWorkflowId(mode, period)}:charge-${partition}`;
export const reconciliationWorkflowId = (mode: Mode) => `reconciliation:${mode}`;

export const SCHEDULED_MONTHLY_BILLING_WORKFLOW = 'scheduledMonthlyBillingWorkflow';
export const SCHEDULED_RECONCILIATION_WORKFLOW = 'scheduledReconciliationWorkflow';

/** A Schedule that a worker makes sure of in each mode that has a Stripe key. */
export interface BillingSchedule {
  /** What it is for; its name in lists of checks. */
  readonly name: string;
  readonly scheduleId: (mode: Mode) => string;
  /** In UTC. */
  readonly cron: string;
  /** What it starts, with the mode. */
  readonly workflowType: string;
  /** What becomes of a run that is due while the one before goes on: it waits for that, or there is none. */
  readonly overlap: 'BUFFER_ONE' | 'SKIP';
  /** How far back a run that was missed, because nothing ran, is caught up with. */
  readonly catchUp: '30 days' | '1 hour';
}

/** 00:00 on the 1st. A month may still wait for a person when the next one has ended. */
export const MONTHLY_BILLING_SCHEDULE: BillingSchedule = {
  name: 'monthly-billing',
  scheduleId: (mode) => `monthly-billing-${mode}`,
  cron: '0 0 1 * *',
  workflowType: SCHEDULED_MONTHLY_BILLING_WORKFLOW,
  overlap: 'BUFFER_ONE',
  catchUp: '30 days',
};
/**
 * Every hour. Half past, so that the day's comparison of all objects does not begin together with a close. A run looks at all there is, so
 * of those that were missed the last is enough.
 */
export const RECONCILIATION_SCHEDULE: BillingSchedule = {
  name: 'reconciliation',
  scheduleId: (mode) => `reconciliation-${mode}`,
  cron: '30 * * * *',
  workflowType: SCHEDULED_RECONCILIATION_WORKFLOW,
  overlap: 'SKIP',
  catchUp: '1 hour',
};
export const SCHEDULES: readonly BillingSchedule[] = [MONTHLY_BILLING_SCHEDULE, RECONCILIATION_SCHEDULE];

export const CUSTOMER_BILLING_WORKFLOW = 'customerBillingWorkflow';
export const CHARGE_EVENT_WORKFLOW = 'chargeEventWorkflow';
export const CUSTOMER_REGISTRATION_WORKFLOW = 'customerRegistrationWorkflow';
export const MONTHLY_BILLING_WORKFLOW = 'monthlyBillingWorkflow';
export const CHARGE_PARTITION_WORKFLOW = 'chargePartitionWorkflow';
export const RECONCILIATION_WORKFLOW = 'reconciliationWorkflow';

export const STRIPE_EVENT_SIGNAL = 'stripeEvent';
export const USER_CHANGED_SIGNAL = 'userChanged';
export const LOOK_AGAIN_SIGNAL = 'lookAgain';
export const START_CHECKOUT_UPDATE = 'startCheckout';
export const OPEN_BILLING_PORTAL_UPDATE = 'openBillingPortal';
export const EXTEND_GRACE_UPDATE = 'extendGrace';
export const SUSPEND_UPDATE = 'suspend';
export const REACTIVATE_UPDATE = 'reactivate';
export const BILLING_STATE_QUERY = 'billingState';

/** Under which Temporal's OpenTelemetry interceptors carry a trace, as W3C's fields in JSON. */
export const TRACE_HEADER = '_tracer-data';
/** Traces that an activity answers for beside that one: a list of the same. */
export const TRACE_LINKS_HEADER = 'billing-trace-links';

/** Typed search attributes that answer "which customers are past due?" in the Temporal Web UI. */
export const SEARCH_ATTRIBUTES = {
  BillingMode: 'Keyword',
  BillingStatus: 'Keyword',
  BillingWaitingFor: 'Keyword',
  BillingAttention: 'Bool',
  StripeCustomerId: 'Keyword',
  BillingPeriod: 'Keyword',
} as const;

/** What the Temporal Web UI tells an operator about every customer's workflow. Markdown. */
const CUSTOMER_BILLING_DETAILS = [
  'To decide, **More Actions → Send an Update**:',
  '',
  '| Update | JSON |',
  '|---|---|',
  '| extendGrace | `{"days": 7, "by": "your name"}` |',
  '| suspend | `{"reason": "…", "by": "your name"}` |',
  '| reactivate | `{"by": "your name"}` |',
].join('\n');

/**
 * How the one workflow of a customer is started by whoever needs it first. It sets its search attributes itself: named here,
 * a namespace that lacks one would refuse the start, and with it the webhook.
 */
export function customerBillingStart({ mode, stripeCustomerId }: CustomerKey) {
  return {
    workflowId: customerBillingWorkflowId(mode, stripeCustomerId),
    taskQueue: BILLING_TASK_QUEUE,
    args: [{ mode, stripeCustomerId }] satisfies [CustomerKey],
    staticSummary: `Billing of ${stripeCustomerId} (${mode})`,
    staticDetails: CUSTOMER_BILLING_DETAILS,
  };
}

/** What a webhook delivery comes down to: no card or personal data, for it stays in the workflow's history. */
export interface StripeEventEnvelope {
  readonly eventId: string;
  readonly type: string;
  /** The object the event is about, such as `in_…`; it is fetched again, never trusted as delivered. */
  readonly objectId: string;
  /** Unix seconds. */
  readonly created: number;
  /** The charge (`ch_…`) that a refund or dispute is about. */
  readonly chargeId?: string;
  /**
   * The database does not know that it ever had an effect. A workflow that remembers that it had one takes it up all the same: the
   * database was put back to a backup.
   */
  readonly hadNoEffect?: boolean;
}

/** Of an event whose object names no customer, such as a dispute's. Whose it is, its charge says. */
export type ChargeEventEnvelope = StripeEventEnvelope & { readonly chargeId: string };

export interface ChargeEventInput {
  readonly mode: Mode;
  readonly event: ChargeEventEnvelope;
}

/** How the event of a charge is brought to its customer, by whom ever: once, unless that failed. */
export function chargeEventStart(input: ChargeEventInput) {
  return {
    workflowId: chargeEventWorkflowId(input.mode, input.event.eventId),
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY' as const,
    taskQueue: BILLING_TASK_QUEUE,
    args: [input] satisfies [ChargeEventInput],
    staticSummary: `${input.event.type} of ${input.event.chargeId} (${input.mode})`,
  };
}

export interface StartCheckoutRequest {
  readonly mode: 'setup' | 'credits';
  /** How many credits to buy; with mode `credits` only. */
  readonly credits?: number;
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

export interface OpenBillingPortalRequest {
  /** Where the portal's way back leads. */
  readonly returnUrl: string;
}

export interface OpenedBillingPortal {
  /** Stripe's hosted page to send the user to; it opens for some minutes. */
  readonly url: string;
}

/** Answer of the query `billingState`. */
export interface CustomerBillingState {
  readonly status: BillingStatus | 'unknown';
  readonly waitingFor: WaitingFor | null;
  readonly reason: string;
  /** Since when the status and what it waits for are so. */
  readonly sinceMs: number | null;
  /** The object in Stripe that caused it. */
  readonly stripeObjectId: string | null;
  readonly graceEndsAtMs: number | null;
  /** When billing looks at the customer again without an event. */
  readonly nextLookAtMs: number | null;
  readonly clusterId: string | null;
  /** What a person should see to, in sentences. */
  readonly attention: readonly string[];
  /** Events received and not applied yet. */
  readonly queuedEvents: number;
  readonly appliedEvents: number;
  readonly duplicateEvents: number;
  /** A step that Stripe refused for good, with the request to show to Stripe's support. */
  readonly parked: ParkedStep | null;
  /** The last event that had an effect. */
  readonly lastEvent: StripeEventEnvelope | null;
  /** Why the host product has not heard of the last change, although it was tried for days. */
  readonly hostProblem: string | null;
}

/** What the host product is told when a user's access changes. */
export interface HostMessage {
  /** The same for every attempt to deliver it. */
  readonly id: string;
  /** When the access changed, Unix milliseconds. */
  readonly changedAtMs: number;
  readonly userId: string;
  readonly access: CustomerAccess;
}

/** May the user use their cluster, and which one? */
export interface CustomerAccess {
  readonly status: BillingStatus;
  readonly waitingFor: WaitingFor | null;
  readonly reason: string;
  readonly clusterId: string | null;
  readonly graceEndsAtMs: number | null;
}

export interface ParkedStep {
  readonly step: string;
  readonly message: string;
  readonly stripeRequestId: string | null;
}
