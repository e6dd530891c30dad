import { expect, onTestFinished, test } from 'vitest';
import { stateIs, stateOf, subscribedCustomer, subscriptionsOf } from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { appliedEventIdsOf, countAppliedEvents, deliver, historiesOf, newEvents } from './event-stream.ts';
import { startTestBilling } from './service.ts';

const EVENTS = 10_000;
/** How many senders there are, and how many events each sends before it looks at how many wait. */
const SENDERS = 16;
const BATCH = 10;
/** So many may wait to be applied before the senders wait, too: without end, they would outrun a busy machine. */
const MOST_WAITING = 200;

/** From where the server warns of a history: a fifth of the 51,200 events and 50 MiB at which it would end the workflow. */
const WARNS_FROM = { events: 10_240, bytes: 10 * 1024 * 1024 } as const;

test('10,000 events on one customer are each applied once, and no history gets so long that the server warns', async () => {
  const billing = await startTestBilling();
  onTestFinished(() => billing.stop());
  await billing.startWorker();
  const customer = await subscribedCustomer(billing);
  const before = await stateOf(billing, customer);
  const appliedBefore = await appliedEventIdsOf(billing, customer);

  const events = newEvents(EVENTS);
  const unsent = [...events];
  const waiting = async () => {
    const applied = await countAppliedEvents(billing, customer);
    return EVENTS - unsent.length - (applied - appliedBefore.length);
  };
  const send = async (): Promise<void> => {
    for (let batch = unsent.splice(0, BATCH); batch.length > 0; batch = unsent.splice(0, BATCH)) {
      for (const event of batch) await deliver(billing, customer, event);
      await eventually('fewer to wait', waiting, (count) => count <= MOST_WAITING);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, send));

  const appliedEvents = before.appliedEvents + EVENTS;
  const state = await stateIs(
    billing,
    customer,
    'every event to be applied',
    (now) => now.appliedEvents >= appliedEvents && now.queuedEvents === 0,
  );
  // A delivery whose answer got lost came twice.
  const { duplicateEvents, lastEvent } = state;
  expect(state).toEqual({ ...before, appliedEvents, duplicateEvents, lastEvent });
  const eventIds = [...appliedBefore, ...events.map(({ eventId }) => eventId)];
  expect((await appliedEventIdsOf(billing, customer)).toSorted()).toEqual(eventIds.toSorted());
  expect(await subscriptionsOf(billing, customer)).toHaveLength(1);

  const histories = await historiesOf(billing, customer);
  expect(histories.length).toBeGreaterThan(1);
  expect(Math.max(...histories.map((history) => history.events))).toBeLessThan(WARNS_FROM.events);
  expect(Math.max(...histories.map((history) => history.bytes))).toBeLessThan(WARNS_FROM.bytes);
}, 900_000);
