/**
 * A customer's workflow, and the one that registers them, as the api, the CLI and the workflows speak of them. As everywhere,
 * a workflow's id is derived from business identity, so that starting the same thing twice meets the one that runs.
 */
import type { CustomerKey } from './customer-key.ts';
import type { BillingStatus, WaitingFor } from './customer-standing.ts';
import type { Mode } from './mode.ts';
import type { StripeEventEnvelope } from './stripe-event.ts';
import { BILLING_TASK_QUEUE } from './task-queues.ts';

export const CUSTOMER_BILLING_WORKFLOW = 'customerBillingWorkflow';
export const CUSTOMER_REGISTRATION_WORKFLOW = 'customerRegistrationWorkflow';

export const customerBillingWorkflowId = (mode: Mode, stripeCustomerId: string) =>
  `customer-billing:${mode}:${stripeCustomerId}`;
export const customerRegistrationWorkflowId = (mode: Mode, userId: string) =>
  `customer-registration:${mode}:${userId}`;

export const STRIPE_EVENT_SIGNAL = 'stripeEvent';
export const USER_CHANGED_SIGNAL = 'userChanged';
export const LOOK_AGAIN_SIGNAL = 'lookAgain';
export const START_CHECKOUT_UPDATE = 'startCheckout';
export const OPEN_BILLING_PORTAL_UPDATE = 'openBillingPortal';
export const EXTEND_GRACE_UPDATE = 'extendGrace';
export const SUSPEND_UPDATE = 'suspend';
export const REACTIVATE_UPDATE = 'reactivate';
export const BILLING_STATE_QUERY = 'billingState';

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

export interface ParkedStep {
  readonly step: string;
  readonly message: string;
  readonly stripeRequestId: string | null;
}
