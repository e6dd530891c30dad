import type { UserErasureInput } from '../domain/erasure.ts';
import { billingActivities } from './activities.ts';

/**
 * Erases a person's data, once begun to its end: first nothing of theirs is taken any more, then Stripe forgets them, then the database.
 *
 * @returns how much there was of what.
 */
export async function userErasureWorkflow(input: UserErasureInput) {
  const step = { ...input, nowMs: Date.now() };
  await billingActivities.closeUserForErasure(step);
  if (input.writeOff) await billingActivities.voidInvoicesForErasure(step);
  const hadStripeCustomer = await billingActivities.deleteStripeCustomer(step);
  return { hadStripeCustomer, ...(await billingActivities.eraseUserData(step)) };
}
