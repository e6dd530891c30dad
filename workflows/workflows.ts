/** Every workflow there is; the worker bundles this file. */
export { chargeEventWorkflow } from './charge-event.ts';
export { customerBillingWorkflow } from './customer-billing.ts';
export { customerRegistrationWorkflow } from './customer-registration.ts';
export { monthlyBillingWorkflow, scheduledMonthlyBillingWorkflow } from './monthly-billing.ts';
