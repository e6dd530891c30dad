import {
  type Client,
  WithStartWorkflowOperation,
  WorkflowFailedError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Mode } from '../../domain/mode.ts';
import {
  BILLING_TASK_QUEUE,
  CUSTOMER_BILLING_WORKFLOW,
  CUSTOMER_REGISTRATION_WORKFLOW,
  type CustomerRegistrationInput,
  customerBillingStart,
  customerRegistrationWorkflowId,
  START_CHECKOUT_UPDATE,
  type StartCheckoutRequest,
  type StartedCheckout,
} from '../../domain/workflow-contracts.ts';
import { HttpError } from '../errors.ts';
import { describeNamespace, isServiceFailure, RETRY_AFTER_SECONDS, temporalUnavailable } from './calls.ts';
import type { CustomerBillingWorkflow } from './customer-billing.ts';

type CustomerRegistrationWorkflow = (input: CustomerRegistrationInput) => Promise<string>;

/** A person is waiting, and Stripe has to be asked twice. */
const CHECKOUT_DEADLINE_MS = 15_000;
const PROBE_MS = 1_000;

/**
 * Makes the user a customer in Stripe, or waits for the registration that is under way.
 *
 * @returns the customer's id, `cus_…`
 * @throws HttpError see {@link waitForWorker}
 */
export async function registerCustomer(client: Client, mode: Mode, userId: string): Promise<string> {
  return await waitForWorker(client, () =>
    client.workflow.execute<CustomerRegistrationWorkflow>(CUSTOMER_REGISTRATION_WORKFLOW, {
      workflowId: customerRegistrationWorkflowId(mode, userId),
      taskQueue: BILLING_TASK_QUEUE,
      args: [{ mode, userId }],
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: `Registration of ${userId} with Stripe (${mode})`,
    }),
  );
}

/**
 * Has the customer's workflow start a Checkout session; the same idempotency key gives the same session.
 *
 * @throws HttpError see {@link waitForWorker}
 */
export async function startCheckout(
  client: Client,
  customer: { readonly mode: Mode; readonly stripeCustomerId: string },
  request: StartCheckoutRequest,
): Promise<StartedCheckout> {
  const startWorkflowOperation = new WithStartWorkflowOperation<CustomerBillingWorkflow>(
    CUSTOMER_BILLING_WORKFLOW,
    {
      ...customerBillingStart(customer),
      workflowIdConflictPolicy: 'USE_EXISTING',
    },
  );
  return await waitForWorker(client, () =>
    client.workflow.executeUpdateWithStart<CustomerBillingWorkflow, StartedCheckout, [StartCheckoutRequest]>(
      START_CHECKOUT_UPDATE,
      { startWorkflowOperation, args: [request], updateId: request.idempotencyKey },
    ),
  );
}

/**
 * Calls that wait for what a worker does, unlike signals, which are only stored.
 *
 * @throws HttpError `temporal_unavailable`; `worker_unavailable` when Temporal answers but no worker got it done in time;
 *   `stripe_refused` when the workflow failed with a reason; `workflow_ended` when an operator ended it.
 */
async function waitForWorker<T>(client: Client, call: () => Promise<T>): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + CHECKOUT_DEADLINE_MS, call);
  } catch (error) {
    if (error instanceof WorkflowFailedError || error instanceof WorkflowUpdateFailedError) {
      throw ofWorkflow(error);
    }
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isServiceFailure(error)) {
      throw (await temporalAnswers(client)) ? noWorker(error) : temporalUnavailable(error);
    }
    throw error;
  }
}

async function temporalAnswers(client: Client): Promise<boolean> {
  try {
    await describeNamespace(client, PROBE_MS);
    return true;
  } catch {
    return false;
  }
}

function noWorker(cause: unknown): HttpError {
  const seconds = CHECKOUT_DEADLINE_MS / 1_000;
  const message = `No worker got it done within ${seconds} s: see that one runs, and send the request again with the same Idempotency-Key`;
  return new HttpError('worker_unavailable', message, { retryAfterSeconds: RETRY_AFTER_SECONDS, cause });
}

function ofWorkflow(error: WorkflowFailedError | WorkflowUpdateFailedError): HttpError {
  let failure: unknown = error.cause;
  while (
    failure instanceof Error &&
    failure.cause instanceof Error &&
    !(failure instanceof ApplicationFailure)
  ) {
    failure = failure.cause;
  }
  if (failure instanceof ApplicationFailure) {
    return new HttpError('stripe_refused', `Stripe did not take it (${reasonsOf(failure).join(', ')})`, {
      cause: error,
    });
  }
  const message = 'The workflow was ended before it was done: send the request again';
  return new HttpError('workflow_ended', message, { retryAfterSeconds: RETRY_AFTER_SECONDS, cause: error });
}

/** The parts of a failure that are stable and no secret: its type, Stripe's code, and the request Stripe's support asks for. */
function reasonsOf(failure: ApplicationFailure): string[] {
  const detail: unknown = failure.details?.[0];
  const details = typeof detail === 'object' && detail !== null ? detail : {};
  const code = 'code' in details ? details.code : undefined;
  const requestId = 'stripeRequestId' in details ? details.stripeRequestId : undefined;
  return [failure.type, code, requestId].filter((part): part is string => typeof part === 'string');
}
