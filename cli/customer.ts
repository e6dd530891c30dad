import type { CustomerDecision } from '../api/temporal/decisions.ts';
import { listCreditLots } from '../db/credits.ts';
import type { Database } from '../db/database.ts';
import { findUser, findUserByStripeCustomer, type User } from '../db/users.ts';
import { remainingCents } from '../domain/credits.ts';
import {
  BILLING_STATE_QUERY,
  type CustomerBillingState,
  customerBillingWorkflowId,
} from '../domain/customer-workflow.ts';
import type { Mode } from '../domain/mode.ts';
import { formatCents } from '../domain/money.ts';
import { workflowLink } from '../domain/workflow-link.ts';
import { say, table } from './console.ts';
import { type CliContext, inItsWords, isTemporalError, UsageError } from './context.ts';

interface CustomerRef {
  readonly mode: Mode;
  /** The host product's user id, or Stripe's customer id. */
  readonly customer: string;
}

/**
 * Prints where a customer stands, as their workflow sees it, and what is left of their credits.
 *
 * @throws UsageError when there is no such user, or no workflow of theirs runs.
 */
export async function showCustomer(context: CliContext, ref: CustomerRef): Promise<void> {
  const workflowId = customerBillingWorkflowId(ref.mode, await stripeCustomerOf(context, ref));
  const credits = await creditsOf(context, ref);
  await context.withTemporal(async (temporal) => {
    const state = await withRunning(ref, () =>
      temporal.workflow.getHandle(workflowId).query<CustomerBillingState>(BILLING_STATE_QUERY),
    );
    printState(context, workflowId, state, credits);
  });
}

/**
 * Sends an operator's decision to the customer's workflow, and prints where it leaves them.
 *
 * @throws UsageError with the workflow's own sentence when it refuses.
 */
export async function decide(
  context: CliContext,
  ref: CustomerRef,
  decision: CustomerDecision,
): Promise<void> {
  const stripeCustomerId = await stripeCustomerOf(context, ref);
  const customer = { mode: ref.mode, stripeCustomerId };
  await context.withTemporal(async (temporal) => {
    const { decideOnCustomer } = await import('../api/temporal/decisions.ts');
    const state = await inItsWords(() => decideOnCustomer(temporal, customer, decision));
    printState(context, customerBillingWorkflowId(ref.mode, stripeCustomerId), state);
  });
}

async function stripeCustomerOf(context: CliContext, ref: CustomerRef): Promise<string> {
  const { mode, customer } = ref;
  if (isStripeId(customer)) return customer;
  const user = await context.withDatabase((db) => userOf(db, ref));
  if (user === undefined) throw new UsageError(`There is no user ${customer} in ${mode} mode.`);
  if (user.stripe_customer_id !== null) return user.stripe_customer_id;
  throw new UsageError(`The user ${customer} has no Stripe customer yet: they never began a Checkout.`);
}

const isStripeId = (customer: string): boolean => customer.startsWith('cus_');

async function userOf(db: Database, { mode, customer }: CustomerRef): Promise<User | undefined> {
  return await (isStripeId(customer)
    ? findUserByStripeCustomer(db, mode, customer)
    : findUser(db, mode, customer));
}

/** Such as `$25.00, of which $10.00 until 2026-12-01T00:00:00.000Z`; empty when there are none. */
async function creditsOf(context: CliContext, ref: CustomerRef): Promise<string> {
  const lots = await context.withDatabase(async (db) => {
    const user = await userOf(db, ref);
    const key = { mode: ref.mode, userId: user?.user_id ?? '' };
    return await listCreditLots(db, key, new Date());
  });
  const [first] = lots;
  if (first === undefined) return '';
  const total = formatCents(remainingCents(lots));
  return first.expiresAt === null
    ? total
    : `${total}, of which ${formatCents(first.remainingCents)} until ${first.expiresAt.toISOString()}`;
}

async function withRunning<Result>({ customer }: CustomerRef, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (!isTemporalError(error, 'WorkflowNotFoundError')) throw error;
    throw new UsageError(
      `No billing runs for ${customer}: they never began a Checkout, or it was ended by hand.`,
    );
  }
}

function printState(
  { links }: Pick<CliContext, 'links'>,
  workflowId: string,
  state: CustomerBillingState,
  credits = '',
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
    ['Credits', credits],
    ...state.attention.map((sentence) => ['Attention', sentence]),
    ['Parked', state.parked === null ? '' : `${state.parked.step}: ${state.parked.message}`],
    ['Workflow', workflowLink(links, workflowId)],
  ].filter(([, value]) => value !== '');
  say(table([{ name: workflowId }, { name: '' }], rows));
}
