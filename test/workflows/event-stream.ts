import { randomUUID } from 'node:crypto';
import { type Customer, stateIs, workflowOf } from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import type { RunningBilling } from '../../chaos/world/running-billing.ts';
import { customerBillingWorkflowId } from '../../domain/customer-workflow.ts';
import type { StripeEventEnvelope } from '../../domain/stripe-event.ts';
import { signalStripeEvent } from '../../temporal/signals.ts';

/** Different events that change nothing. */
export function newEvents(count: number): StripeEventEnvelope[] {
  return Array.from({ length: count }, () => ({
    eventId: `evt_${randomUUID()}`,
    type: 'customer.subscription.updated',
    objectId: 'sub_any',
    created: 0,
  }));
}

/**
 * Delivers as Stripe does: what was not taken comes again. (A run that is about to continue as new refuses signals for a
 * moment, and the client then waits a second before it tries again.)
 */
export async function deliver(
  billing: RunningBilling,
  customer: Omit<Customer, 'userId'>,
  event: StripeEventEnvelope,
): Promise<void> {
  await eventually(
    'the event to be taken',
    () => signalStripeEvent(billing.temporal, customer, event),
    () => true,
  );
}

/** Ids of the customer's events that the database holds as applied. */
export async function appliedEventIdsOf(
  { db }: RunningBilling,
  { mode, stripeCustomerId }: Omit<Customer, 'userId'>,
): Promise<string[]> {
  const rows = await db
    .selectFrom('applied_stripe_events')
    .select('event_id')
    .where('mode', '=', mode)
    .where('stripe_customer_id', '=', stripeCustomerId)
    .execute();
  return rows.map((row) => row.event_id);
}

/** How many of the customer's events have had their effect, each once. */
export async function countAppliedEvents(
  { db }: RunningBilling,
  { mode, stripeCustomerId }: Omit<Customer, 'userId'>,
): Promise<number> {
  const { applied } = await db
    .selectFrom('applied_stripe_events')
    .select(({ fn }) => fn.countAll<string>().as('applied'))
    .where('mode', '=', mode)
    .where('stripe_customer_id', '=', stripeCustomerId)
    .executeTakeFirstOrThrow();
  return Number(applied);
}

/** Sends events, one at a time, until the customer's workflow goes on in a new run. */
export async function sendUntilContinuedAsNew(
  billing: RunningBilling,
  customer: Omit<Customer, 'userId'>,
): Promise<void> {
  const handle = workflowOf(billing, customer);
  const { runId } = await handle.describe();
  while ((await handle.describe()).runId === runId) {
    for (const event of newEvents(1)) await deliver(billing, customer, event);
    await stateIs(billing, customer, 'the event to be applied', ({ queuedEvents }) => queuedEvents === 0);
  }
}

/** How long a run's history is. */
export interface HistorySize {
  readonly events: number;
  readonly bytes: number;
}

/** The histories of all runs of the customer's workflow. */
export async function historiesOf(
  { temporal }: RunningBilling,
  { mode, stripeCustomerId }: Omit<Customer, 'userId'>,
): Promise<HistorySize[]> {
  const workflowId = customerBillingWorkflowId(mode, stripeCustomerId);
  const { runId: lastRunId } = await temporal.workflow.getHandle(workflowId).describe();
  const list = async (): Promise<Map<string, HistorySize>> => {
    const sizes = new Map<string, HistorySize>();
    for await (const { runId } of temporal.workflow.list({ query: `WorkflowId="${workflowId}"` })) {
      const run = await temporal.workflow.getHandle(workflowId, runId).describe();
      sizes.set(runId, { events: run.historyLength, bytes: run.historySize ?? 0 });
    }
    return sizes;
  };
  const sizes = await eventually('all runs to be listed', list, (found) => found.has(lastRunId));
  return [...sizes.values()];
}
