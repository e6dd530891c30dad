import type { Stripe } from 'stripe';
import type { SubscriptionFact } from '../domain/customer-facts.ts';

/** A subscription as the rules know it. */
export function subscriptionFact(subscription: Stripe.Subscription): SubscriptionFact {
  const { id, status, created, ended_at: endedAt, metadata } = subscription;
  return { id, status, created, endedAt, isOurs: isOurSubscription(metadata) };
}

/** Whether its metadata say that we made the subscription: they name the session that it was made for. */
export function isOurSubscription(metadata: Stripe.Metadata | null): boolean {
  return metadata?.['checkout_session_id'] !== undefined;
}
