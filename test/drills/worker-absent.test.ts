import { setTimeout as sleep } from 'node:timers/promises';
import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { residentBytes } from '../../bench/processes.ts';
import {
  CARDS,
  type Customer,
  eventsOf,
  simulate,
  stateIs,
  stateOf,
  workflowOf,
} from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { pastDueCustomer, usersWithCustomer } from '../../chaos/world/usage.ts';
import { listBills } from '../../db/bills.ts';
import { atATime } from '../../domain/at-a-time.ts';
import type { StripeEventEnvelope } from '../../domain/stripe-event.ts';
import { appliedEventIdsOf, deliver, newEvents } from '../workflows/event-stream.ts';
import { type Drill, startDrill } from './drill.ts';

/** Ten thousand in all, of which one customer has a fifth. */
const EVENTS_OF_ONE = 2_000;
const OTHERS = 100;
const EVENTS_OF_OTHERS = 80;
/** Senders at the same time. */
const SENDERS = 48;
/** A worker that has nothing to do takes about a third of it. */
const MOST_MEMORY = 1_000 * 1024 * 1024;
const MINUTES_OF_GRACE = 2;

let drill: Drill;
beforeAll(async () => {
  drill = await startDrill({ BILLING_GRACE_DAYS: String(MINUTES_OF_GRACE / (24 * 60)) });
});
afterAll(() => drill.stop());

test('no worker runs for a while, and ten thousand events come: one that starts applies each once, and does what fell due', async () => {
  const owing = await pastDueCustomer(drill, 'test');
  const paying = await pastDueCustomer(drill, 'test');
  const graceEndsAtMs = (await stateOf(drill, paying)).graceEndsAtMs ?? 0;
  expect((await stateOf(drill, paying)).status).toBe('past_due');
  await drill.parts.worker.stop();

  const [busy, ...others] = await usersWithCustomer(drill, 1 + OTHERS);
  if (busy === undefined) throw new Error('there is one');
  const mail = new Map<Customer, readonly StripeEventEnvelope[]>([
    [busy, newEvents(EVENTS_OF_ONE)],
    ...others.map((customer) => [customer, newEvents(EVENTS_OF_OTHERS)] as const),
  ]);
  await sendAll(mail);
  const [bill] = await listBills(drill.db, 'test', paying.userId);
  await simulate(drill, `invoices/${bill?.stripeInvoiceId}/pay`, { cardNumber: CARDS.good });
  await eventually(
    'the payment to be told of',
    () => eventsOf(drill, paying),
    (all) => all.some(({ type }) => type === 'invoice.paid'),
  );
  while (Date.now() < graceEndsAtMs + 1_000) await sleep(200);

  await drill.parts.worker.restart();
  let memory = 0;
  await eventually(
    'all to be applied',
    async () => {
      memory = Math.max(memory, (await residentBytes(drill.parts.worker.pid)) ?? 0);
      return await countApplied();
    },
    (events) => events >= EVENTS_OF_ONE + OTHERS * EVENTS_OF_OTHERS,
  );
  expect(memory).toBeLessThan(MOST_MEMORY);
  await atATime(SENDERS, [...mail], async ([customer, events]) => {
    const state = await stateIs(drill, customer, 'the last step', ({ queuedEvents }) => queuedEvents === 0);
    expect(state).toMatchObject({ appliedEvents: events.length, parked: null, lastEvent: events.at(-1) });
    expect((await appliedEventIdsOf(drill, customer)).toSorted()).toEqual(
      events.map(({ eventId }) => eventId).toSorted(),
    );
  });
  await stateIs(drill, owing, 'suspended', ({ status }) => status === 'suspended');
  await stateIs(drill, paying, 'active', ({ status }) => status === 'active');
  expect(await standingsOf(paying)).not.toContain('suspended');
});

/** Each customer's in their order; their last one when all others are there. */
async function sendAll(mail: ReadonlyMap<Customer, readonly StripeEventEnvelope[]>): Promise<void> {
  const letters = [...mail].flatMap(([customer, events]) =>
    events.slice(0, -1).map((event) => ({ customer, event })),
  );
  await atATime(SENDERS, letters, ({ customer, event }) => deliver(drill, customer, event));
  await atATime(SENDERS, [...mail], async ([customer, events]) => {
    for (const event of events.slice(-1)) await deliver(drill, customer, event);
  });
}

async function countApplied(): Promise<number> {
  const { applied } = await drill.db
    .selectFrom('applied_stripe_events')
    .select(({ fn }) => fn.countAll<string>().as('applied'))
    .where('object_id', '=', 'sub_any')
    .executeTakeFirstOrThrow();
  return Number(applied);
}

/** Every standing that the customer's workflow has ever saved. */
async function standingsOf(customer: Customer): Promise<string[]> {
  const { events } = await workflowOf(drill, customer).fetchHistory();
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: activity }) => {
    const [payload] = activity?.input?.payloads ?? [];
    if (activity?.activityType?.name !== 'saveStanding' || payload === undefined) return [];
    return [defaultPayloadConverter.fromPayload<{ standing: { status: string } }>(payload).standing.status];
  });
}
