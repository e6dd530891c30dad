import { type Client, WithStartWorkflowOperation, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import type { Approval, BillsDecision, RetryParked } from '../../domain/close-decisions.ts';
import type { CustomerKey } from '../../domain/customer-key.ts';
import {
  type CustomerBillingState,
  customerBillingWorkflowId,
  type EXTEND_GRACE_UPDATE,
  type REACTIVATE_UPDATE,
  type SUSPEND_UPDATE,
} from '../../domain/customer-workflow.ts';
import {
  APPROVE_UPDATE,
  type HOLD_UPDATE,
  MONTHLY_BILLING_WORKFLOW,
  type Month,
  type MonthlyBillingInput,
  type MonthlyBillingReport,
  monthlyBillingStart,
  monthlyBillingWorkflowId,
  type RELEASE_UPDATE,
  type RETRY_PARKED_UPDATE,
  type SKIP_UPDATE,
} from '../../domain/monthly-close.ts';
import type {
  ExtendGraceRequest,
  ReactivateRequest,
  SuspendRequest,
} from '../../domain/operator-decisions.ts';
import { HttpError } from '../errors.ts';
import { workflowEnded } from './worker-calls.ts';

/** What an operator has decided about a customer: an update of their workflow. */
export type CustomerDecision =
  | { readonly update: typeof EXTEND_GRACE_UPDATE; readonly request: ExtendGraceRequest }
  | { readonly update: typeof SUSPEND_UPDATE; readonly request: SuspendRequest }
  | { readonly update: typeof REACTIVATE_UPDATE; readonly request: ReactivateRequest };

/** What an operator has decided about the bills of a month: an update of its close. */
export type BillsUpdate =
  | {
      readonly update: typeof HOLD_UPDATE | typeof RELEASE_UPDATE | typeof SKIP_UPDATE;
      readonly request: BillsDecision;
    }
  | { readonly update: typeof RETRY_PARKED_UPDATE; readonly request: RetryParked };

/** A decision with the id under which it is carried out once, however often it is sent; a new one when absent. */
type Identified<Decision> = Decision & { readonly updateId?: string };

/**
 * Sends a decision to the customer's workflow, and waits for what comes of it.
 *
 * @returns where it leaves the customer.
 * @throws HttpError `decision_refused` with the workflow's own sentence, `workflow_ended`
 */
export async function decideOnCustomer(
  client: Client,
  { mode, stripeCustomerId }: CustomerKey,
  { update, request, updateId }: Identified<CustomerDecision>,
): Promise<CustomerBillingState> {
  const handle = client.workflow.getHandle(customerBillingWorkflowId(mode, stripeCustomerId));
  return await inItsWords(
    () =>
      handle.executeUpdate<CustomerBillingState, [typeof request]>(update, {
        args: [request],
        ...idOf(updateId),
      }),
    `No billing runs for ${stripeCustomerId}: they never began a Checkout, or it was ended by hand.`,
  );
}

/**
 * Lets the frozen bills of a month go out.
 *
 * @throws HttpError `decision_refused` with the close's own sentence when there is nothing to approve, `workflow_ended`
 */
export async function approveClose(
  client: Client,
  { mode, period }: Month,
  { updateId, ...approval }: Identified<Approval>,
): Promise<void> {
  const close = client.workflow.getHandle(monthlyBillingWorkflowId(mode, period));
  await inItsWords(
    () => close.executeUpdate<void, [Approval]>(APPROVE_UPDATE, { args: [approval], ...idOf(updateId) }),
    `There is nothing to approve: no close of ${period} (${mode}) runs.`,
  );
}

/**
 * Sends a decision to the close of the month, which is started for nothing else when none runs.
 *
 * @returns the id of the close's workflow.
 * @throws HttpError `decision_refused` with the close's own sentence, `workflow_ended`
 */
export async function decideOnClose(
  client: Client,
  month: Month,
  { update, request, updateId }: Identified<BillsUpdate>,
): Promise<string> {
  type Close = (input: MonthlyBillingInput) => Promise<MonthlyBillingReport>;
  const start = monthlyBillingStart({ ...month, onlyDecisions: true });
  const startWorkflowOperation = new WithStartWorkflowOperation<Close>(MONTHLY_BILLING_WORKFLOW, {
    ...start,
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  await inItsWords(() =>
    client.workflow.executeUpdateWithStart<Close, void, [typeof request]>(update, {
      startWorkflowOperation,
      args: [request],
      ...idOf(updateId),
    }),
  );
  return start.workflowId;
}

/** What a failed update says, in the words of its workflow. */
function refusalOf(error: { readonly cause?: unknown }): HttpError {
  const { cause } = error;
  if (cause instanceof ApplicationFailure)
    return new HttpError('decision_refused', cause.message, { cause: error });
  return workflowEnded(error);
}

/** @param nothingRuns what to say where no such workflow runs. */
async function inItsWords<T>(call: () => Promise<T>, nothingRuns?: string): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) throw refusalOf(error);
    if (error instanceof WorkflowNotFoundError && nothingRuns !== undefined)
      throw new HttpError('decision_refused', nothingRuns, { cause: error });
    throw error;
  }
}

function idOf(updateId: string | undefined): { updateId?: string } {
  return updateId === undefined ? {} : { updateId };
}
