import { type Client, QueryNotRegisteredError, QueryRejectedError } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { CustomerKey } from '../../domain/customer-key.ts';
import {
  BILLING_STATE_QUERY,
  type CustomerBillingState,
  customerBillingWorkflowId,
} from '../../domain/customer-workflow.ts';
import {
  BILLING_PROGRESS_QUERY,
  type Month,
  type MonthlyBillingReport,
  monthlyBillingWorkflowId,
} from '../../domain/monthly-close.ts';
import { isServiceFailure } from './calls.ts';

/** A page waits for it: what is in the database is shown all the same. */
const QUERY_DEADLINE_MS = 2_000;

/** What a workflow says of itself, or why it does not. */
export type WorkflowAnswer<State> =
  | { readonly state: State; readonly problem: null }
  | { readonly state: null; readonly problem: string };

/** Where a customer stands, as their workflow sees it. */
export async function askCustomer(
  client: Client,
  { mode, stripeCustomerId }: CustomerKey,
): Promise<WorkflowAnswer<CustomerBillingState>> {
  return await ask(client, customerBillingWorkflowId(mode, stripeCustomerId), BILLING_STATE_QUERY);
}

/** How far the close of a month is, or has come. */
export async function askClose(
  client: Client,
  { mode, period }: Month,
): Promise<WorkflowAnswer<MonthlyBillingReport>> {
  return await ask(client, monthlyBillingWorkflowId(mode, period), BILLING_PROGRESS_QUERY);
}

/** A query is answered by a worker, so it has two ways to fail; neither is the caller's failure. */
async function ask<State>(client: Client, workflowId: string, query: string): Promise<WorkflowAnswer<State>> {
  try {
    const state = await client.withDeadline(Date.now() + QUERY_DEADLINE_MS, () =>
      client.workflow.getHandle(workflowId).query<State>(query),
    );
    return { state, problem: null };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError)
      return { state: null, problem: 'There is no such workflow, or Temporal has forgotten it.' };
    if (error instanceof QueryNotRegisteredError || error instanceof QueryRejectedError)
      return { state: null, problem: error.message };
    if (!isServiceFailure(error)) throw error;
    const problem = `No worker has answered within ${QUERY_DEADLINE_MS / 1_000} s: see that one runs.`;
    return { state: null, problem };
  }
}
