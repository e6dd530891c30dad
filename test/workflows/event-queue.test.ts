import { expect, test } from 'vitest';
import { EventQueue } from '../../workflows/event-queue.ts';
import { newEvents } from './event-stream.ts';

const LIMIT = 200;

/** A queue whose steps were all parked so far. */
function queueOfParked(count: number) {
  const events = newEvents(count);
  const queue = new EventQueue();
  for (const event of events) queue.receive(event);
  while (queue.hasEvents) {
    queue.take(() => true);
    queue.stepEnded('parked');
  }
  return { queue, events };
}

test('a step is given no more than 200 events, however many are parked; new ones are among them', () => {
  const { queue } = queueOfParked(450);
  const [added] = newEvents(1);
  if (added !== undefined) queue.receive(added);
  const taken = queue.take(() => true);
  expect(taken).toHaveLength(LIMIT);
  expect(taken).toContain(added);
  queue.stepEnded('parked');
  // Else it would be tried over and over what Stripe has refused.
  expect(queue.hasEvents).toBe(false);
  expect(queue.counts()).toEqual({ queuedEvents: 451, appliedEvents: 0, duplicateEvents: 0 });
});

test('when a step that was parked goes through, all others that were parked are taken up at once', () => {
  const { queue, events } = queueOfParked(450);
  const taken = [...queue.take(() => true)];
  for (queue.stepEnded('applied'); queue.hasEvents; queue.stepEnded('applied')) {
    const step = queue.take(() => true);
    expect(step.length).toBeLessThanOrEqual(LIMIT);
    taken.push(...step);
  }
  expect(taken).toHaveLength(events.length);
  expect(new Set(taken)).toEqual(new Set(events));
  expect(queue.counts()).toEqual({ queuedEvents: 0, appliedEvents: 450, duplicateEvents: 0 });
});
