import { randomUUID } from 'node:crypto';
import { Client, type WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../chaos/world/eventually.ts';
import { registerUser } from '../../db/users.ts';
import { customerBillingWorkflowId } from '../../domain/customer-workflow.ts';
import { TRACE_HEADER, TRACE_LINKS_HEADER } from '../../domain/trace-headers.ts';
import { signalLookAgain, signalStripeEvent } from '../../temporal/signals.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { startTestBilling } from './service.ts';

let billing: BillingService;
beforeAll(async () => {
  billing = await startTestBilling();
});
afterAll(() => billing.stop());

/** A caller whose calls are in the trace of that name. */
function callerIn(traceName: string): Client {
  const headers = { [TRACE_HEADER]: defaultPayloadConverter.toPayload({ traceparent: traceName }) };
  const interceptor: WorkflowClientInterceptor = {
    signalWithStart: (input, next) => next({ ...input, headers }),
    startUpdate: (input, next) => next({ ...input, headers }),
  };
  const { connection, options } = billing.temporal;
  return new Client({ connection, namespace: options.namespace, interceptors: { workflow: [interceptor] } });
}

interface Carrier {
  readonly traceparent: string;
}

/** The activities that a workflow has scheduled, in order, with the traces that their headers name. */
async function traced(workflowId: string) {
  const { events } = await billing.temporal.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => {
    if (!scheduled) return [];
    const fields = scheduled.header?.fields ?? {};
    const read = (name: string): unknown =>
      fields[name] == null ? undefined : defaultPayloadConverter.fromPayload(fields[name]);
    const links = read(TRACE_LINKS_HEADER) as Carrier[] | undefined;
    return {
      activity: scheduled.activityType?.name,
      trace: (read(TRACE_HEADER) as Carrier | undefined)?.traceparent,
      links: links?.map(({ traceparent }) => traceparent),
    };
  });
}

/** Waits until the workflow has scheduled so many activities. */
const tracedOnce = (workflowId: string, count: number) =>
  eventually(
    `${count} activities`,
    () => traced(workflowId),
    (activities) => activities.length >= count,
  );

test('a step is in the trace of the event that waited longest and points at the others; an update’s in its own; what nobody asked for in none', async () => {
  const userId = `user-${randomUUID()}`;
  const stripeCustomer = await billing.stripe.test.customers.create({ name: 'traced' });
  await registerUser(billing.db, { mode: 'test', userId, email: 'traced@example.com', name: 'traced' });
  await billing.db
    .updateTable('users')
    .set({ stripe_customer_id: stripeCustomer.id })
    .where('user_id', '=', userId)
    .execute();
  const customer = { mode: 'test', stripeCustomerId: stripeCustomer.id } as const;
  const event = (eventId: string) => ({
    eventId,
    type: 'customer.subscription.updated',
    objectId: 'sub_1',
    created: 1,
  });
  // While no worker runs, they wait together.
  for (const name of ['first', 'second', 'third'])
    await signalStripeEvent(callerIn(name), customer, event(`evt_${name}`));
  await billing.startWorker();
  const workflowId = customerBillingWorkflowId('test', stripeCustomer.id);
  const ofEvents = { trace: 'first', links: ['second', 'third'] };
  expect(await tracedOnce(workflowId, 2)).toEqual([
    { activity: 'lookAtCustomer', ...ofEvents },
    { activity: 'saveStanding', ...ofEvents },
  ]);

  // An event that comes again is taken up by no step, and leaves no trace on the next one.
  await signalStripeEvent(callerIn('again'), customer, event('evt_first'));
  await signalLookAgain(billing.temporal, customer);
  const ofNobody = { trace: undefined, links: undefined };
  expect((await tracedOnce(workflowId, 4)).slice(2)).toEqual([
    { activity: 'lookAtCustomer', ...ofNobody },
    { activity: 'saveStanding', ...ofNobody },
  ]);

  await callerIn('operator')
    .workflow.getHandle(workflowId)
    .executeUpdate('suspend', { args: [{ reason: 'traced', by: 'tests' }] });
  const ofOperator = { trace: 'operator', links: undefined };
  expect((await traced(workflowId)).slice(4)).toEqual([
    { activity: 'saveOperatorDecision', ...ofOperator },
    { activity: 'lookAtCustomer', ...ofOperator },
    { activity: 'saveStanding', ...ofOperator },
  ]);
});
