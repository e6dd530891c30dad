import { STRIPE_API_VERSION } from '../activities/stripe-client.ts';
import type { StripeEvent } from '../domain/stripe-event.ts';
import type { Load } from './load-process.ts';

/** By what name the event of a load is known: whoever waits for it need not be told. */
export const eventIdOf = (load: Pick<Load, 'name'>, index: number) => `evt_${load.name}_${index}`;

/** Events as Stripe sends them, each with its whole subscription: that a customer's has changed, which changes nothing here. */
export function webhookEvents(
  load: Pick<Load, 'name' | 'events' | 'customerIds' | 'subscription'>,
): StripeEvent[] {
  const created = Math.floor(Date.now() / 1_000);
  return Array.from({ length: load.events }, (_, index) => {
    const customer = load.customerIds[index % load.customerIds.length];
    const event = {
      id: eventIdOf(load, index),
      object: 'event',
      api_version: STRIPE_API_VERSION,
      created,
      livemode: true,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      type: 'customer.subscription.updated',
      data: { object: { ...load.subscription, customer }, previous_attributes: { metadata: {} } },
    };
    return event;
  });
}
