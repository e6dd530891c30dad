import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY_MS } from './customer-fixtures.ts';
import { CustomerWorld, type Happening, type WorldEvent } from './customer-world.ts';

const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ type: fc.constantFrom('setUp' as const, 'attach' as const), pays: fc.boolean() }),
  fc.record({ type: fc.constant('detach' as const), which: fc.nat(5) }),
  fc.record({ type: fc.constant('bill' as const) }),
  fc.record({ type: fc.constantFrom('payBill' as const, 'voidBill' as const) }),
  fc.record({
    type: fc.constant('setStatus' as const),
    status: fc.constantFrom('active', 'past_due', 'unpaid', 'paused'),
  }),
  fc.record({ type: fc.constant('cancel' as const) }),
);
const happenings = fc
  .tuple(fc.array(happening, { maxLength: 12 }), fc.integer({ min: 0, max: 9 }))
  .map(([all, luck]): Happening[] => (luck === 0 ? [...all, { type: 'deleteCustomer' }] : all));
const options = fc.record({ graceMs: fc.constantFrom(0, 7 * DAY_MS), clusterIsFree: fc.boolean() });

/** How events are delivered: which, again and again, and how many at a time. */
const schedule = fc.record({
  order: fc.array(fc.nat(), { maxLength: 60 }),
  batch: fc.integer({ min: 1, max: 5 }),
});
type Schedule = typeof schedule extends fc.Arbitrary<infer Value> ? Value : never;

/** A customer who was subscribed in peace, or nobody yet. */
function begin(world: CustomerWorld, isSubscribed: boolean): void {
  if (isSubscribed) {
    world.happen({ type: 'setUp', pays: true });
    deliverInOrder(world);
  }
}

function deliverInOrder(world: CustomerWorld): void {
  for (let next = 0; next < world.events.length; next += 1) world.deliver(world.events.slice(next, next + 1));
}

/** Delivers all there is, in any order, some of it more than once, what comes of it included. */
function deliverAnyhow(world: CustomerWorld, { order, batch }: Schedule): void {
  const waiting = new Set<WorldEvent>();
  let known = 0;
  const hear = () => {
    for (; known < world.events.length; known += 1) waiting.add(world.events[known] as WorldEvent);
  };
  hear();
  for (const pick of order) {
    const any = world.events.slice(pick % Math.max(world.events.length, 1)).slice(0, batch);
    world.deliver(pick % 2 === 0 ? any : any.toReversed());
    for (const event of any) waiting.delete(event);
    hear();
  }
  while (waiting.size > 0) {
    const rest = [...waiting].toReversed().slice(0, batch);
    world.deliver(rest);
    for (const event of rest) waiting.delete(event);
    hear();
  }
}

describe('whatever happens to a customer', () => {
  it('any order and any number of deliveries ends in the same state', () => {
    fc.assert(
      fc.property(happenings, options, fc.boolean(), schedule, (all, options, isSubscribed, schedule) => {
        const outcomes = [deliverInOrder, (world: CustomerWorld) => deliverAnyhow(world, schedule)].map(
          (deliver) => {
            const world = new CustomerWorld(options);
            begin(world, isSubscribed);
            for (const each of all) world.happen(each);
            deliver(world);
            return world.outcome();
          },
        );
        expect(outcomes[1]).toEqual(outcomes[0]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('what was delivered once changes nothing when it is delivered again', () => {
    fc.assert(
      fc.property(happenings, options, schedule, (all, options, schedule) => {
        const world = new CustomerWorld(options);
        for (const each of all) {
          world.happen(each);
          deliverInOrder(world);
        }
        const before = world.outcome();
        deliverAnyhow(world, schedule);
        expect(world.outcome()).toEqual(before);
      }),
      { numRuns: 1_000 },
    );
  });

  it('no sequence ends with two live subscriptions, with an active user without a card or with an overdue bill, or with a suspended user who owes nothing and has a card', () => {
    const step = fc.record({ happening, schedule, delivers: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), options, (steps, options) => {
        const world = new CustomerWorld(options);
        for (const { happening, schedule, delivers } of steps) {
          world.happen(happening);
          if (delivers) deliverAnyhow(world, schedule);
        }
        deliverAnyhow(world, { order: [], batch: 1 });
        const { liveSubscriptions, hasCards, bills, ...standing } = world.outcome();
        const owes = bills.some((bill) => bill.endsWith(' failed'));
        expect(liveSubscriptions).toBeLessThanOrEqual(1);
        if (standing.status === 'active') expect({ hasCards, owes }).toEqual({ hasCards: true, owes: false });
        if (standing.status === 'suspended' && standing.waitingFor !== 'subscription') {
          const isStopped = /subscription is/.test(standing.reason);
          expect(isStopped || owes || !hasCards).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
