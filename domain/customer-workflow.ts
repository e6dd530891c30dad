/**
 * A customer's workflow, and the one that registers them, as the api, the CLI and the workflows speak of them. As everywhere,
 * a workflow's id is derived from business identity, so that starting the same thing twice meets the one that runs.
 */
import type { CustomerKey } from './customer-key.ts';
import type { BillingStatus, WaitingFor } from './customer-standing.ts';
import type { Mode } from './mode.ts';
import type { StripeEventEnvelope } from './stripe-event.ts';
import { BILLING_TASK_QUEUE } from './task-queues.ts';

/**
 * Type of the workflow that is one customer's billing, for as long as there is one. Started by whoever needs it first
 * ({@link customerBillingStart}).
 */
export const CUSTOMER_BILLING_WORKFLOW = 'customerBillingWorkflow';
/**
 * Type of the workflow that makes a user's customer in Stripe. The api starts it with the user's first Checkout or
 * billing portal, and waits for its result, `cus_…`.
 */
export const CUSTOMER_REGISTRATION_WORKFLOW = 'customerRegistrationWorkflow';

/** One for each customer of Stripe's: all that happens to one goes through one workflow, in turn. */
export const customerBillingWorkflowId = (mode: Mode, stripeCustomerId: string) =>
  `customer-billing:${mode}:${stripeCustomerId}`;
/** One for each user: two requests at a time wait for the same customer of Stripe's. */
export const customerRegistrationWorkflowId = (mode: Mode, userId: string) =>
  `customer-registration:${mode}:${userId}`;

/**
 * Signal that brings an event of Stripe's (an envelope): the object that it is about is fetched anew, and what is due
 * is done. Sent for a webhook, by reconciliation, and by an admin who sends a webhook on again. A test purchase takes
 * it too.
 */
export const STRIPE_EVENT_SIGNAL = 'stripeEvent';
/**
 * Signal of the api's: the host product has sent the user's e-mail and name. The workflow reads them from the database
 * and tells Stripe.
 */
export const USER_CHANGED_SIGNAL = 'userChanged';
/**
 * Signal that has the customer looked at now, and a parked step tried once more. Sent when something may have changed
 * that no event tells of: by reconciliation, an erasure, whoever has given the customer a place on a cluster, or an
 * operator.
 */
export const LOOK_AGAIN_SIGNAL = 'lookAgain';
/**
 * Update, with start, by which the api gets a Checkout session. Its id is the caller's idempotency key: sent again, it
 * is the same session.
 */
export const START_CHECKOUT_UPDATE = 'startCheckout';
/**
 * Update, with start, by which the api gets a session of Stripe's billing portal: a new one each time, for its link is
 * short-lived.
 */
export const OPEN_BILLING_PORTAL_UPDATE = 'openBillingPortal';
/**
 * Update of an operator's: a customer who owes keeps access for so many days from now. Refused where nothing is owed, or
 * where the grace period ends later anyway.
 */
export const EXTEND_GRACE_UPDATE = 'extendGrace';
/** Update of an operator's: access ends until an operator gives it back, whatever is paid. Billing goes on. */
export const SUSPEND_UPDATE = 'suspend';
/** Update of an operator's that lifts an operator's suspension, and no other: the rules of billing decide then. */
export const REACTIVATE_UPDATE = 'reactivate';
/**
 * Query: where the customer stands and why, as a {@link CustomerBillingState}. The three updates of an operator's
 * answer the same.
 */
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

/** What the update `startCheckout` takes. */
export interface StartCheckoutRequest {
  readonly mode: 'setup' | 'credits';
  /** How many credits to buy; with mode `credits` only. */
  readonly credits?: number;
  readonly successUrl: string;
  readonly cancelUrl: string;
  /** Business key of the session, at most 100 characters and not shared by users: the same key gives the same session. */
  readonly idempotencyKey: string;
}

/** What the update `startCheckout` answers, to the host product through the api. */
export interface StartedCheckout {
  /** The Checkout session, `cs_…`. */
  readonly id: string;
  /** Stripe's hosted page to send the user to. */
  readonly url: string;
}

/** What the update `openBillingPortal` takes. */
export interface OpenBillingPortalRequest {
  /** Where the portal's way back leads. */
  readonly returnUrl: string;
}

/**
 * What the update `openBillingPortal` answers. A session of Stripe's is made for each call.
 * https://docs.stripe.com/customer-management
 */
export interface OpenedBillingPortal {
  /** Stripe's hosted page to send the user to; it opens for some minutes. */
  readonly url: string;
}

/** Answer of the query `billingState`. */
export interface CustomerBillingState {
  /** `unknown`: not looked at yet. */
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

/** A step that retries can't help; what it was for waits until an operator has mended it. */
export interface ParkedStep {
  /** The activity that was refused, such as `createSubscription`. */
  readonly step: string;
  /** What Stripe says of it, for a person. */
  readonly message: string;
  readonly stripeRequestId: string | null;
}
