import type { UserKey } from '../domain/customer-key.ts';
import { billingActivities } from './activities.ts';

/** Makes a user's Stripe customer, once; from then on `customerBillingWorkflow` has an id to live under. */
export async function customerRegistrationWorkflow(input: UserKey): Promise<string> {
  return await billingActivities.registerCustomer(input);
}
