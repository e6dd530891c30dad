import type { Client } from '@temporalio/client';
import type { Mode } from '../../domain/mode.ts';
import {
  BILLING_TASK_QUEUE,
  CUSTOMER_BILLING_WORKFLOW,
  type CustomerBillingInput,
  customerBillingWorkflowId,
  STRIPE_EVENT_SIGNAL,
  type StripeEventEnvelope,
  USER_CHANGED_SIGNAL,
} from '../../domain/workflow-contracts.ts';
import { withTemporal } from './calls.ts';

/** A customer's workflow, as far as its caller sees it. */
export type CustomerBillingWorkflow = (input: CustomerBillingInput) => Promise<void>;

/** Stripe waits some ten seconds for an answer to a webhook, and then tries again anyway. */
const SIGNAL_DEADLINE_MS = 5_000;

/**
 * How the one workflow of a customer is started by whoever needs it first. It sets its search attributes itself: named here,
 * a namespace that lacks one would refuse the start, and with it the webhook.
 */
export function customerBillingStart(mode: Mode, stripeCustomerId: string) {
  return {
    workflowId: customerBillingWorkflowId(mode, stripeCustomerId),
    taskQueue: BILLING_TASK_QUEUE,
    args: [{ mode, stripeCustomerId }] satisfies [CustomerBillingInput],
    staticSummary: `Billing of ${stripeCustomerId} (${mode})`,
  };
}

/**
 * Tells the customer's workflow of an event of Stripe's, and starts it if it does not run. When this returns, Temporal has
 * stored the signal: it can't be lost, with or without a worker.
 *
 * @throws HttpError `temporal_unavailable`
 */
export async function signalStripeEvent(
  client: Client,
  customer: CustomerBillingInput,
  envelope: StripeEventEnvelope,
): Promise<void> {
  await withTemporal(client, SIGNAL_DEADLINE_MS, () =>
    client.workflow.signalWithStart<CustomerBillingWorkflow, [StripeEventEnvelope]>(
      CUSTOMER_BILLING_WORKFLOW,
      {
        ...customerBillingStart(customer.mode, customer.stripeCustomerId),
        signal: STRIPE_EVENT_SIGNAL,
        signalArgs: [envelope],
      },
    ),
  );
}

/**
 * Tells the customer's workflow that the user's e-mail or name has changed; what to, it reads from the database.
 *
 * @throws HttpError `temporal_unavailable`
 */
export async function signalUserChanged(client: Client, customer: CustomerBillingInput): Promise<void> {
  await withTemporal(client, SIGNAL_DEADLINE_MS, () =>
    client.workflow.signalWithStart<CustomerBillingWorkflow>(CUSTOMER_BILLING_WORKFLOW, {
      ...customerBillingStart(customer.mode, customer.stripeCustomerId),
      signal: USER_CHANGED_SIGNAL,
    }),
  );
}
