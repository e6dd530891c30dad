import { setTimeout as sleep } from 'node:timers/promises';
import { arrayFromPayloads, defaultPayloadConverter } from '@temporalio/common';
import { expect, onTestFinished, test } from 'vitest';
import {
  type Customer,
  stateIs,
  stateOf,
  subscribedCustomer,
  subscriptionsOf,
} from '../../chaos/world/customers.ts';
import { type CustomerBillingState, customerBillingWorkflowId } from '../../domain/customer-workflow.ts';
import type { CarriedState } from '../../workflows/customer-billing-state.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { appliedEventIdsOf, deliver, historiesOf, newEvents } from './event-stream.ts';
import { startTestBilling } from './service.ts';
import { startServerOfShortHistories } from './short-histories.ts';

/** Events in a history after which the server asks for continue-as-new. */
const SUGGEST_AFTER = 150;
const EVENTS = 150;
/** How many of them are under way at the same time. */
const SENDERS = 3;
/** Each sender's pause after an event, shorter than a step: there is always one waiting. */
const PAUSE_MS = 40;
/** More than the 1,000 events that a run may be handed. */
const LONG_QUEUE = 1_500;

test('events that keep coming through many runs are each applied once, and the standing is carried over', async () => {
  const temporalAddress = await startServerOfShortHistories(SUGGEST_AFTER);
  const billing = await startTestBilling({ temporalAddress });
  onTestFinished(() => billing.stop());
  await billing.startWorker();
  const customer = await subscribedCustomer(billing);
  const before = await stateOf(billing, customer);

  const envelopes = newEvents(EVENTS);
  const waiting = [...envelopes.entries()];
  const send = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, envelope] = next;
      await deliver(billing, customer, envelope);
      // Each once more, mostly after a run or two.
      await sleep(PAUSE_MS);
      const earlier = envelopes[index - EVENTS / 2];
      if (earlier !== undefined) await deliver(billing, customer, earlier);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, send));

  const applied = before.appliedEvents + EVENTS;
  const state = await stateIs(
    billing,
    customer,
    'every event to be applied',
    ({ appliedEvents, queuedEvents }) => appliedEvents >= applied && queuedEvents === 0,
  );
  const { duplicateEvents, lastEvent } = state;
  expect(duplicateEvents).toBeGreaterThanOrEqual(EVENTS / 2);
  expect(state).toEqual({ ...before, appliedEvents: applied, duplicateEvents, lastEvent });
  const recorded = await appliedEventIdsOf(billing, customer);
  expect(recorded).toHaveLength(applied);
  expect(recorded).toEqual(expect.arrayContaining(envelopes.map((envelope) => envelope.eventId)));

  // Events never stopped coming, and all the same each run ended soon after it was asked to.
  const histories = await historiesOf(billing, customer);
  expect(histories.length).toBeGreaterThan(2);
  expect(Math.max(...histories.map(({ events }) => events))).toBeLessThan(2 * SUGGEST_AFTER);
  expect(await subscriptionsOf(billing, customer)).toHaveLength(1);
});

test('a queue that is too long to be handed to the next run is shortened first', async () => {
  const temporalAddress = await startServerOfShortHistories(SUGGEST_AFTER);
  const billing = await startTestBilling({ temporalAddress });
  onTestFinished(() => billing.stop());
  await billing.startWorker();
  const customer = await subscribedCustomer(billing);
  const before = await stateOf(billing, customer);

  const unsent = newEvents(LONG_QUEUE);
  const send = async (): Promise<void> => {
    for (let event = unsent.shift(); event !== undefined; event = unsent.shift())
      await deliver(billing, customer, event);
  };
  await billing.db.transaction().execute(async (transaction) => {
    // The first event's step can't be saved until all others wait behind it.
    const user = transaction.selectFrom('users').where('user_id', '=', customer.userId);
    await user.selectAll().forUpdate().execute();
    await Promise.all(Array.from({ length: SENDERS }, send));
  });
  const applied = before.appliedEvents + LONG_QUEUE;
  const isDone = ({ appliedEvents }: CustomerBillingState) => appliedEvents === applied;
  await stateIs(billing, customer, 'every event to be applied', isDone);

  const carried = await carriedEventsOf(billing, customer);
  expect(Math.max(...carried)).toBeGreaterThan(0);
  expect(Math.max(...carried)).toBeLessThanOrEqual(1_000);
});

/** How many waiting events each of the customer's runs was handed. */
async function carriedEventsOf({ temporal }: BillingService, customer: Customer): Promise<number[]> {
  const workflowId = customerBillingWorkflowId(customer.mode, customer.stripeCustomerId);
  const carried: number[] = [];
  for await (const { runId } of temporal.workflow.list({ query: `WorkflowId="${workflowId}"` })) {
    const { events } = await temporal.workflow.getHandle(workflowId, runId).fetchHistory();
    const input = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    const [, state] = arrayFromPayloads(defaultPayloadConverter, input) as [unknown, CarriedState?];
    carried.push(state?.queuedEvents.length ?? 0);
  }
  return carried;
}
