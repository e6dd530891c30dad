import { type Client, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { findUser } from '../db/users.ts';
import type { Mode } from '../domain/mode.ts';
import {
  BILLING_STATE_QUERY,
  type CustomerBillingState,
  customerBillingWorkflowId,
  LOOK_AGAIN_SIGNAL,
} from '../domain/workflow-contracts.ts';
import { say, table } from './console.ts';
import { type CliContext, UsageError } from './context.ts';
import { workflowLink } from './workflow-link.ts';

interface CustomerRef {
  readonly mode: Mode;
  /** The host product's user id, or Stripe's customer id. */
  readonly customer: string;
}

/** Prints where a customer stands, as their workflow sees it. */
export async function showCustomer(context: CliContext, ref: CustomerRef): Promise<void> {
  const workflowId = await workflowIdOf(context, ref);
  await context.withTemporal(async (temporal) => {
    const state = await withRunning(ref, () =>
      temporal.workflow.getHandle(workflowId).query<CustomerBillingState>(BILLING_STATE_QUERY),
    );
    printState(context, workflowId, state);
  });
}

/**
 * Sends an operator's decision to the customer's workflow, and prints where it leaves them.
 *
 * @throws UsageError with the workflow's own sentence when it refuses.
 */
export async function decideOnCustomer(
  context: CliContext,
  ref: CustomerRef,
  update: string,
  request: object,
): Promise<void> {
  const workflowId = await workflowIdOf(context, ref);
  await context.withTemporal(async (temporal) => {
    const state = await withRunning(ref, () =>
      temporal.workflow.getHandle(workflowId).executeUpdate<CustomerBillingState, [object]>(update, {
        args: [request],
      }),
    );
    printState(context, workflowId, state);
  });
}

/** Tells customers' workflows to look again: something changed that no event of Stripe's tells of. */
export async function tellToLookAgain(
  temporal: Client,
  mode: Mode,
  stripeCustomerIds: readonly string[],
): Promise<void> {
  for (const customerId of stripeCustomerIds) {
    const handle = temporal.workflow.getHandle(customerBillingWorkflowId(mode, customerId));
    await handle.signal(LOOK_AGAIN_SIGNAL).catch((error: unknown) => {
      // One whose workflow does not run sees it at its next event.
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    });
  }
}

async function workflowIdOf(context: CliContext, { mode, customer }: CustomerRef): Promise<string> {
  if (customer.startsWith('cus_')) return customerBillingWorkflowId(mode, customer);
  const user = await context.withDatabase((db) => findUser(db, mode, customer));
  if (user === undefined) throw new UsageError(`There is no user ${customer} in ${mode} mode.`);
  if (user.stripe_customer_id !== null) return customerBillingWorkflowId(mode, user.stripe_customer_id);
  throw new UsageError(`The user ${customer} has no Stripe customer yet: they never began a Checkout.`);
}

async function withRunning<Result>({ customer }: CustomerRef, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError)
      throw new UsageError(error.cause?.message ?? error.message);
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new UsageError(
      `No billing runs for ${customer}: they never began a Checkout, or it was ended by hand.`,
    );
  }
}

function printState(
  { links }: Pick<CliContext, 'links'>,
  workflowId: string,
  state: CustomerBillingState,
): void {
  const time = (ms: number | null) => (ms === null ? '' : new Date(ms).toISOString());
  const rows = [
    ['Status', state.status],
    ['Why', state.reason],
    ['Since', time(state.sinceMs)],
    ['Waiting for', state.waitingFor ?? 'nothing'],
    ['Because of', state.stripeObjectId ?? ''],
    ['Grace period ends', time(state.graceEndsAtMs)],
    ['Cluster', state.clusterId ?? ''],
    ...state.attention.map((sentence) => ['Attention', sentence]),
    ['Parked', state.parked === null ? '' : `${state.parked.step}: ${state.parked.message}`],
    ['Workflow', workflowLink(links, workflowId)],
  ].filter(([, value]) => value !== '');
  say(table([{ name: workflowId }, { name: '' }], rows));
}
