import type { CustomerRegistrationInput } from '../domain/workflow-contracts.ts';
import { billingActivities } from './activities.ts';

/** Makes a user's Stripe customer, once; from then on `customerBillingWorkflow` has an id to live under. */
export async function customerRegistrationWorkflow(input: CustomerRegistrationInput): Promise<string> {
  return await billingActivities.registerCustomer(input);
}
