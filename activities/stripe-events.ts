import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { Stripe } from 'stripe';
import type { StripeEvent } from '../domain/stripe-event.ts';
import { testPurchaseWorkflowId } from '../domain/test-purchase.ts';
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
} from '../domain/workflow-contracts.ts';
import type { ActivityDependencies } from './dependencies.ts';

type Temporal = ActivityDependencies['temporal'];

export function createStripeEventActivities({ temporal }: Pick<ActivityDependencies, 'temporal'>) {
  return {
    /** Hands an event to its customer's workflow, as the receiver does with events that name their customer. */
    async forwardStripeEvent(
      input: CustomerBillingInput & { readonly event: StripeEventEnvelope },
    ): Promise<void> {
      await signalStripeEvent(temporal, input, input.event);
    },
  };
}

/** Tells the customer's workflow of an event, and starts it if it does not run. Temporal has stored it when this returns. */
export async function signalStripeEvent(
  temporal: Temporal,
  customer: CustomerBillingInput,
  event: StripeEventEnvelope,
): Promise<void> {
  await temporal.workflow.signalWithStart(CUSTOMER_BILLING_WORKFLOW, {
    ...customerBillingStart(customer),
    signal: STRIPE_EVENT_SIGNAL,
    signalArgs: [event],
  });
}

/** Has the customer's workflow look at the customer again, and starts it if it does not run. */
export async function signalLookAgain(temporal: Temporal, customer: CustomerBillingInput): Promise<void> {
  await temporal.workflow.signalWithStart(CUSTOMER_BILLING_WORKFLOW, {
    ...customerBillingStart(customer),
    signal: LOOK_AGAIN_SIGNAL,
  });
}

/** Has the event of a charge brought to its customer. @returns `false` for one that was brought before, which is left at that. */
export async function startChargeEvent(temporal: Temporal, input: ChargeEventInput): Promise<boolean> {
  try {
    await temporal.workflow.start(CHARGE_EVENT_WORKFLOW, chargeEventStart(input));
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}

/** Tells a test purchase of an event of its payment's. One that has ended needs none. */
export async function signalTestPurchase(
  temporal: Temporal,
  purchaseId: string,
  event: StripeEventEnvelope,
): Promise<void> {
  try {
    const purchase = temporal.workflow.getHandle(testPurchaseWorkflowId(purchaseId));
    await purchase.signal<[StripeEventEnvelope]>(STRIPE_EVENT_SIGNAL, event);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

/** An event from Stripe's list, as rules read those of webhooks. */
export function readStripeEvent({ id, type, created, livemode, data }: Stripe.Event): StripeEvent {
  const previous_attributes = { ...data.previous_attributes };
  return { id, type, created, livemode, data: { object: { ...data.object }, previous_attributes } };
}
