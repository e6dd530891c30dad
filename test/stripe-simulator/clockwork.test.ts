import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addInterval, nextAnchor } from '../../stripe-simulator/behaviour/billing-cycle.ts';
import { DueQueue } from '../../stripe-simulator/due-queue.ts';
import { startTestSimulator } from './support.ts';

const moment = fc.integer({ min: Date.UTC(2024, 0, 1) / 1_000, max: Date.UTC(2040, 0, 1) / 1_000 });

test('the anchor is the next moment of that day, or of the last day of a shorter month', () => {
  fc.assert(
    fc.property(moment, fc.integer({ min: 1, max: 31 }), (now, day) => {
      const anchor = nextAnchor({ day_of_month: day, hour: 0, minute: 0, second: 0, month: null }, now);
      const date = new Date(anchor * 1_000);
      const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
      expect(anchor).toBeGreaterThan(now);
      expect(anchor - now).toBeLessThanOrEqual(31 * 86_400);
      expect(date.getUTCDate()).toBe(Math.min(day, lastDay));
      expect(anchor % 86_400).toBe(0);
    }),
  );
});

test('a month after the 31st is the last day of the next month', () => {
  const start = Date.UTC(2027, 0, 31, 10) / 1_000;
  expect(addInterval(start, { interval: 'month', interval_count: 1 })).toBe(
    Date.UTC(2027, 1, 28, 10) / 1_000,
  );
  expect(addInterval(start, { interval: 'year', interval_count: 1 })).toBe(Date.UTC(2028, 0, 31, 10) / 1_000);
});

test('what waits leaves in the order of its moments, and ties in the order they came', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (moments) => {
      const queue = new DueQueue<{ at: number; index: number }>();
      for (const [index, at] of moments.entries()) queue.push(at, { at, index });
      const left: { at: number; index: number }[] = [];
      for (let now = 0; now <= 20; now += 1) {
        for (let item = queue.popDue(now); item !== undefined; item = queue.popDue(now)) {
          expect(item.at).toBeLessThanOrEqual(now);
          left.push(item);
        }
      }
      const expected = moments
        .map((at, index) => ({ at, index }))
        .toSorted((a, b) => a.at - b.at || a.index - b.index);
      expect(left).toEqual(expected);
    }),
  );
});

test('every answer says by its header Date what time it is for the simulator', async () => {
  await using simulator = await startTestSimulator();
  await simulator.sim.clock('2031-05-06T07:08:09.000Z');
  const { lastResponse } = await simulator.stripe.customers.list();
  expect(lastResponse.headers['date']).toMatch(/^Tue, 06 May 2031 07:08:\d\d GMT$/);
});
