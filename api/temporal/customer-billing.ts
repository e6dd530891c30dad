import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import {
  CHARGE_EVENT_WORKFLOW,
  type ChargeEventInput,
  CUSTOMER_BILLING_WORKFLOW,
  type CustomerBillingInput,
  chargeEventStart,
  customerBillingStart,
  LOOK_AGAIN_SIGNAL,
  STRIPE_EVENT_SIGNAL,
  type StripeEventEnvelope,
  USER_CHANGED_SIGNAL,
} from '../../domain/workflow-contracts.ts';
import { STORE_DEADLINE_MS, withTemporal } from './calls.ts';

/** A customer's workflow, as far as its caller sees it. */
export type CustomerBillingWorkflow = (input: CustomerBillingInput) => Promise<void>;
type ChargeEventWorkflow = (input: ChargeEventInput) => Promise<string>;

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
  await withTemporal(client, STORE_DEADLINE_MS, () =>
    client.workflow.signalWithStart<CustomerBillingWorkflow, [StripeEventEnvelope]>(
      CUSTOMER_BILLING_WORKFLOW,
      {
        ...customerBillingStart(customer),
        signal: STRIPE_EVENT_SIGNAL,
        signalArgs: [envelope],
      },
    ),
  );
}

/**
 * Has a dispute's event brought to its customer, whom only the charge names. When this returns, Temporal has
 * stored it; an event that came before is as good as stored.
 *
 * @throws HttpError `temporal_unavailable`
 */
export async function startChargeEvent(client: Client, input: ChargeEventInput): Promise<void> {
  await withTemporal(client, STORE_DEADLINE_MS, async () => {
    try {
      await client.workflow.start<ChargeEventWorkflow>(CHARGE_EVENT_WORKFLOW, chargeEventStart(input));
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  });
}

/**
 * Tells the customer's workflow that the user's e-mail or name has changed; what to, it reads from the database.
 *
 * @throws HttpError `temporal_unavailable`
 */
export async function signalUserChanged(client: Client, customer: CustomerBillingInput): Promise<void> {
  await signal(client, customer, USER_CHANGED_SIGNAL);
}

/**
 * Has the customer's workflow look at the customer again, and try a parked step once more.
 *
 * @throws HttpError `temporal_unavailable`
 */
export async function signalLookAgain(client: Client, customer: CustomerBillingInput): Promise<void> {
  await signal(client, customer, LOOK_AGAIN_SIGNAL);
}

/** A signal that says all by its name. It starts the workflow if that does not run. */
async function signal(client: Client, customer: CustomerBillingInput, name: string): Promise<void> {
  await withTemporal(client, STORE_DEADLINE_MS, () =>
    client.workflow.signalWithStart<CustomerBillingWorkflow>(CUSTOMER_BILLING_WORKFLOW, {
      ...customerBillingStart(customer),
      signal: name,
    }),
  );
}
