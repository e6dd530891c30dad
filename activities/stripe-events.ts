import type { Stripe } from 'stripe';
import type { CustomerKey } from '../domain/customer-key.ts';
import type { StripeEvent, StripeEventEnvelope } from '../domain/stripe-event.ts';
import { signalStripeEvent } from '../temporal/signals.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** For events that name no customer: whose they are is found out first, then they go the way of all others. */
export function createStripeEventActivities({ temporal }: Pick<ActivityDependencies, 'temporal'>) {
  return {
    /** Hands an event to its customer's workflow, as the receiver does with events that name their customer. */
    async forwardStripeEvent(input: CustomerKey & { readonly event: StripeEventEnvelope }): Promise<void> {
      await signalStripeEvent(temporal, input, input.event);
    },
  };
}

/** An event from Stripe's list, as rules read those of webhooks. */
export function readStripeEvent({ id, type, created, livemode, data }: Stripe.Event): StripeEvent {
  const previous_attributes = { ...data.previous_attributes };
  return { id, type, created, livemode, data: { object: { ...data.object }, previous_attributes } };
}
