import { expect, test } from 'vitest';
import { readStripeEvent } from '../../api/webhooks/event-schema.ts';
import { eventIdOf, webhookEvents } from '../../bench/webhook-events.ts';
import { routeOf } from '../../domain/stripe-event.ts';

test('the events of a load are ones that the api hands on, to its customers in turn, under ids that who waits knows', () => {
  const load = {
    name: 'burst',
    events: 3,
    customerIds: ['cus_1', 'cus_2'],
    subscription: { id: 'sub_1', object: 'subscription', customer: 'cus_0' },
  };
  const events = webhookEvents(load).map((event) => readStripeEvent(JSON.parse(JSON.stringify(event))));
  expect(events.map(({ id }) => id)).toEqual([0, 1, 2].map((index) => eventIdOf(load, index)));
  expect(events.map(routeOf)).toMatchObject(
    ['cus_1', 'cus_2', 'cus_1'].map((stripeCustomerId) => ({ to: 'customer', stripeCustomerId })),
  );
});
