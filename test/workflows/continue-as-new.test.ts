import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { signalStripeEvent } from '../../api/temporal/customer-billing.ts';
import { cacheDirectory, inheritedEnvironment } from '../../config/machine.ts';
import { SEARCH_ATTRIBUTES, type StripeEventEnvelope } from '../../domain/workflow-contracts.ts';
import { onFreePort } from '../../stack/ports.ts';
import { startReaper } from '../../stack/reaper.ts';
import { findTemporalBinary } from '../../stack/temporal-binary.ts';
import { startTemporalServer } from '../../stack/temporal-server.ts';
import type { BillingService } from '../support/billing-worker.ts';
import {
  type Customer,
  stateIs,
  stateOf,
  subscribedCustomer,
  subscriptionsOf,
  workflowOf,
} from './customers.ts';
import { eventually } from './eventually.ts';
import { startTestBilling } from './service.ts';

/** Events in a history after which the server asks for continue-as-new. */
const SUGGEST_AFTER = 150;
const EVENTS = 150;
/** How many of them are under way at the same time. */
const SENDERS = 3;
/** Each sender's pause after an event, shorter than a step: there is always one waiting. */
const PAUSE_MS = 40;

test('events that keep coming through many runs are each applied once, and the standing is carried over', async () => {
  const temporalAddress = await startServerOfShortHistories();
  const billing = await startTestBilling({ temporalAddress });
  onTestFinished(() => billing.stop());
  await billing.startWorker();
  const customer = await subscribedCustomer(billing);
  const before = await stateOf(billing, customer);

  const envelopes = Array.from({ length: EVENTS }, () => ({
    eventId: `evt_${randomUUID()}`,
    type: 'customer.subscription.updated',
    objectId: 'sub_any',
    created: 0,
  }));
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
  const recorded = await billing.db
    .selectFrom('applied_stripe_events')
    .select('event_id')
    .where('stripe_customer_id', '=', customer.stripeCustomerId)
    .execute();
  expect(recorded).toHaveLength(applied);
  expect(recorded.map((row) => row.event_id)).toEqual(
    expect.arrayContaining(envelopes.map((envelope) => envelope.eventId)),
  );

  // Events never stopped coming, and all the same each run ended soon after it was asked to.
  const lengths = await historyLengthsOf(billing, customer);
  expect(lengths.length).toBeGreaterThan(2);
  expect(Math.max(...lengths)).toBeLessThan(2 * SUGGEST_AFTER);
  expect(await subscriptionsOf(billing, customer)).toHaveLength(1);
});

/**
 * Delivers as Stripe does: what was not taken comes again. (A run that is about to continue as new refuses signals for a
 * moment, and the client then waits a second before it tries again.)
 */
async function deliver(
  billing: BillingService,
  customer: Customer,
  event: StripeEventEnvelope,
): Promise<void> {
  await eventually(
    'the event to be taken',
    () => signalStripeEvent(billing.temporal, customer, event),
    () => true,
  );
}

/** A Temporal server that asks for continue-as-new after a few steps instead of after thousands. */
async function startServerOfShortHistories(): Promise<string> {
  const reaper = startReaper();
  onTestFinished(() => reaper.close());
  const env = inheritedEnvironment();
  const binary = await findTemporalBinary({ cacheDir: cacheDirectory(), env, log: console.error, reaper });
  const server = await onFreePort((port) =>
    startTemporalServer({
      binary,
      port,
      namespace: 'default',
      searchAttributes: SEARCH_ATTRIBUTES,
      dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': SUGGEST_AFTER },
      env,
      log: () => undefined,
      reaper,
    }),
  );
  return server.address;
}

/** How many events the history of each run of the customer's workflow has. */
async function historyLengthsOf(billing: BillingService, customer: Customer): Promise<number[]> {
  const { workflowId } = workflowOf(billing, customer);
  const lengths = async () => {
    const lengths: number[] = [];
    for await (const run of billing.temporal.workflow.list({ query: `WorkflowId="${workflowId}"` })) {
      lengths.push(
        (await billing.temporal.workflow.getHandle(workflowId, run.runId).describe()).historyLength,
      );
    }
    return lengths;
  };
  return await eventually('all runs to be listed', lengths, (found) => found.length > 1);
}
