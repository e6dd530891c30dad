/**
 * What api and activities both say to workflows. Temporal has stored it when a call returns: with or without a worker it can't be lost
 * any more. What goes wrong is thrown as Temporal's client has it; the api makes answers of it (`api/temporal/`).
 */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { CHARGE_EVENT_WORKFLOW, type ChargeEventInput, chargeEventStart } from '../domain/charge-event.ts';
import type { CustomerKey } from '../domain/customer-key.ts';
import {
  CUSTOMER_BILLING_WORKFLOW,
  customerBillingStart,
  LOOK_AGAIN_SIGNAL,
  STRIPE_EVENT_SIGNAL,
  USER_CHANGED_SIGNAL,
} from '../domain/customer-workflow.ts';
import type { StripeEventEnvelope } from '../domain/stripe-event.ts';
import { testPurchaseWorkflowId } from '../domain/test-purchase.ts';
import { startOnce } from './start-once.ts';

/** A customer's workflow, as far as its caller sees it. */
export type CustomerBillingWorkflow = (input: CustomerKey) => Promise<void>;
type ChargeEventWorkflow = (input: ChargeEventInput) => Promise<string>;

/** Tells the customer's workflow of an event of Stripe's, and starts it if it does not run. */
export async function signalStripeEvent(
  client: Client,
  customer: CustomerKey,
  envelope: StripeEventEnvelope,
): Promise<void> {
  await client.workflow.signalWithStart<CustomerBillingWorkflow, [StripeEventEnvelope]>(
    CUSTOMER_BILLING_WORKFLOW,
    { ...customerBillingStart(customer), signal: STRIPE_EVENT_SIGNAL, signalArgs: [envelope] },
  );
}

/** Has the customer's workflow look at the customer again, and starts it if it does not run. A parked step is tried once more. */
export async function signalLookAgain(client: Client, customer: CustomerKey): Promise<void> {
  await signal(client, customer, LOOK_AGAIN_SIGNAL);
}

/** Tells the customer's workflow that the user's e-mail or name has changed; what to, it reads from the database. */
export async function signalUserChanged(client: Client, customer: CustomerKey): Promise<void> {
  await signal(client, customer, USER_CHANGED_SIGNAL);
}

/** A signal that says all by its name. */
async function signal(client: Client, customer: CustomerKey, name: string): Promise<void> {
  await client.workflow.signalWithStart<CustomerBillingWorkflow>(CUSTOMER_BILLING_WORKFLOW, {
    ...customerBillingStart(customer),
    signal: name,
  });
}

/**
 * Has the event of a charge brought to its customer, whom only the charge names.
 *
 * @returns `false` for one that was brought before, or is just being: it is as good as stored.
 */
export async function startChargeEvent(client: Client, input: ChargeEventInput): Promise<boolean> {
  return await startOnce<ChargeEventWorkflow>(client, CHARGE_EVENT_WORKFLOW, chargeEventStart(input));
}

/**
 * Tells a test purchase of an event of its payment's.
 *
 * @returns `false` when there is none that runs: it has ended, or is of another deployment with the same Stripe account.
 */
export async function signalTestPurchase(
  client: Client,
  purchaseId: string,
  envelope: StripeEventEnvelope,
): Promise<boolean> {
  try {
    const purchase = client.workflow.getHandle(testPurchaseWorkflowId(purchaseId));
    await purchase.signal<[StripeEventEnvelope]>(STRIPE_EVENT_SIGNAL, envelope);
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
