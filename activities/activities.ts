import { createCheckoutActivities } from './checkout.ts';
import { createCustomerCommandActivities } from './customer-commands.ts';
import { createCustomerFactsActivities } from './customer-facts.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { createMonthlyBillingActivities } from './monthly-billing.ts';
import { createRegistrationActivities } from './registration.ts';

/** What a person or a webhook waits for: the task queue `billing`. */
export function createBillingActivities(dependencies: ActivityDependencies) {
  return {
    ...createRegistrationActivities(dependencies),
    ...createCheckoutActivities(dependencies),
    ...createCustomerFactsActivities(dependencies),
    ...createCustomerCommandActivities(dependencies),
  };
}

/** The monthly close: the task queue `billing-batch`. */
export function createBatchActivities(dependencies: ActivityDependencies) {
  return createMonthlyBillingActivities(dependencies);
}

export type BillingActivities = ReturnType<typeof createBillingActivities>;
export type BatchActivities = ReturnType<typeof createBatchActivities>;
