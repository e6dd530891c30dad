import { randomUUID } from 'node:crypto';
import {
  type Client,
  WithStartWorkflowOperation,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { CustomerKey, UserKey } from '../../domain/customer-key.ts';
import {
  CUSTOMER_BILLING_WORKFLOW,
  CUSTOMER_REGISTRATION_WORKFLOW,
  customerBillingStart,
  customerBillingWorkflowId,
  customerRegistrationWorkflowId,
  OPEN_BILLING_PORTAL_UPDATE,
  type OpenBillingPortalRequest,
  type OpenedBillingPortal,
  START_CHECKOUT_UPDATE,
  type StartCheckoutRequest,
  type StartedCheckout,
} from '../../domain/customer-workflow.ts';
import type { Mode } from '../../domain/mode.ts';
import {
  CHECKOUT_OVER,
  STRIPE_REFUSED,
  STRIPE_UNAVAILABLE,
  stripeRefusalOf,
  stripeRequestIdOf,
} from '../../domain/stripe-failure.ts';
import { BILLING_TASK_QUEUE } from '../../domain/task-queues.ts';
import type { CustomerBillingWorkflow } from '../../temporal/signals.ts';
import { HttpError } from '../errors.ts';
import { RETRY_AFTER_SECONDS, withTemporal } from './calls.ts';
import { waitForWorker, workflowEnded } from './worker-calls.ts';

/** How long Temporal may take to say what a workflow waits for. */
const DESCRIBE_DEADLINE_MS = 2_000;

type CustomerRegistrationWorkflow = (input: UserKey) => Promise<string>;

/**
 * Makes the user a customer in Stripe, or waits for the registration that is under way.
 *
 * @returns the customer's id, `cus_…`
 * @throws HttpError see {@link waitForStripe}
 */
export async function registerCustomer(client: Client, mode: Mode, userId: string): Promise<string> {
  const workflowId = customerRegistrationWorkflowId(mode, userId);
  const register = () =>
    client.workflow.execute<CustomerRegistrationWorkflow>(CUSTOMER_REGISTRATION_WORKFLOW, {
      workflowId,
      taskQueue: BILLING_TASK_QUEUE,
      args: [{ mode, userId }],
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: `Registration of ${userId} with Stripe (${mode})`,
    });
  return await waitForStripe(client, workflowId, register);
}

/**
 * Has the customer's workflow start a Checkout session; the same idempotency key gives the same session.
 *
 * @throws HttpError see {@link waitForStripe}
 */
export async function startCheckout(
  client: Client,
  customer: CustomerKey,
  request: StartCheckoutRequest,
): Promise<StartedCheckout> {
  return await askWithStart<StartedCheckout>(client, customer, {
    update: START_CHECKOUT_UPDATE,
    request,
    updateId: request.idempotencyKey,
  });
}

/**
 * Has the customer's workflow open Stripe's billing portal.
 *
 * @throws HttpError see {@link waitForStripe}
 */
export async function openBillingPortal(
  client: Client,
  customer: CustomerKey,
  request: OpenBillingPortalRequest,
): Promise<OpenedBillingPortal> {
  return await askWithStart<OpenedBillingPortal>(client, customer, {
    update: OPEN_BILLING_PORTAL_UPDATE,
    request,
    updateId: randomUUID(),
  });
}

/** Asks the customer's workflow, which is started if it does not run. */
async function askWithStart<Answer>(
  client: Client,
  customer: CustomerKey,
  {
    update,
    request,
    updateId,
  }: {
    readonly update: string;
    readonly request: StartCheckoutRequest | OpenBillingPortalRequest;
    readonly updateId: string;
  },
): Promise<Answer> {
  const startWorkflowOperation = new WithStartWorkflowOperation<CustomerBillingWorkflow>(
    CUSTOMER_BILLING_WORKFLOW,
    { ...customerBillingStart(customer), workflowIdConflictPolicy: 'USE_EXISTING' },
  );
  const ask = () =>
    client.workflow.executeUpdateWithStart<CustomerBillingWorkflow, Answer, [typeof request]>(update, {
      startWorkflowOperation,
      args: [request],
      updateId,
    });
  return await waitForStripe(
    client,
    customerBillingWorkflowId(customer.mode, customer.stripeCustomerId),
    ask,
  );
}

/**
 * Waits for what a worker does with Stripe.
 *
 * @throws HttpError see {@link waitForWorker} and {@link ofWorkflow}; `stripe_unavailable` when it is not the worker that is
 *   missing.
 */
async function waitForStripe<T>(client: Client, workflowId: string, call: () => Promise<T>): Promise<T> {
  const inWords = async () => {
    try {
      return await call();
    } catch (error) {
      const isWorkflows = error instanceof WorkflowFailedError || error instanceof WorkflowUpdateFailedError;
      throw isWorkflows ? ofWorkflow(error) : error;
    }
  };
  try {
    return await waitForWorker(client, inWords);
  } catch (error) {
    const isLate = error instanceof HttpError && error.code === 'worker_unavailable';
    if (!isLate || !(await isTryingStripe(client, workflowId))) throw error;
    const message =
      'Stripe does not answer just now. What was asked for goes on by itself: send the request again with the same Idempotency-Key';
    throw new HttpError('stripe_unavailable', message, {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      cause: error,
    });
  }
}

/** Whether Stripe did not answer when the workflow last tried what it is at. */
async function isTryingStripe(client: Client, workflowId: string): Promise<boolean> {
  const describe = async () => {
    try {
      return await client.workflow.getHandle(workflowId).describe();
    } catch (error) {
      // What was not answered in time may not have been started at all.
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    }
  };
  const described = await withTemporal(client, DESCRIBE_DEADLINE_MS, describe);
  return (described?.raw.pendingActivities ?? []).some(
    ({ lastFailure }) => lastFailure?.applicationFailureInfo?.type === STRIPE_UNAVAILABLE,
  );
}

/**
 * @returns `checkout_over` when the session of the same key has ended; `stripe_refused` when the workflow failed with another reason;
 *   `workflow_ended` when an operator ended it.
 */
function ofWorkflow(error: WorkflowFailedError | WorkflowUpdateFailedError): HttpError {
  let failure: unknown = error.cause;
  while (
    failure instanceof Error &&
    failure.cause instanceof Error &&
    !(failure instanceof ApplicationFailure)
  ) {
    failure = failure.cause;
  }
  if (!(failure instanceof ApplicationFailure)) return workflowEnded(error);
  if (failure.type === CHECKOUT_OVER) {
    const message =
      'The Checkout session of this Idempotency-Key is over: start another one with a new Idempotency-Key';
    return new HttpError('checkout_over', message, { param: 'Idempotency-Key', cause: error });
  }
  return new HttpError('stripe_refused', whyRefused(failure), { cause: error });
}

/** Of a failure only what is stable and no secret: its type, Stripe's code, and the request Stripe's support asks for. */
function whyRefused(failure: ApplicationFailure): string {
  const { code } = stripeRefusalOf(failure);
  const reasons = [failure.type, code, stripeRequestIdOf(failure.details)].filter(Boolean).join(', ');
  if (failure.type !== STRIPE_REFUSED) return `It could not be done (${reasons})`;
  const isGone = code === 'resource_missing';
  const help = isGone
    ? '. A customer who was deleted there never comes back: register the user under another id'
    : '';
  return `Stripe did not take it (${reasons})${help}`;
}
