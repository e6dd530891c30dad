import type { ChargeEventInput } from '../domain/charge-event.ts';
import { billingActivities } from './activities.ts';

/**
 * Finds the customer of an event whose object names none, such as a dispute, and hands the event on.
 *
 * @returns `ignored` when the charge is nobody's.
 */
export async function chargeEventWorkflow({
  mode,
  event,
}: ChargeEventInput): Promise<'forwarded' | 'ignored'> {
  const stripeCustomerId = await billingActivities.customerOfCharge({ mode, chargeId: event.chargeId });
  if (stripeCustomerId === null) return 'ignored';
  await billingActivities.forwardStripeEvent({ mode, stripeCustomerId, event });
  return 'forwarded';
}
