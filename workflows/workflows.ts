/** Every workflow there is; the worker bundles this file. */
export { chargeEventWorkflow } from './charge-event.ts';
export { chargePartitionWorkflow } from './charge-partition.ts';
export { customerBillingWorkflow } from './customer-billing.ts';
export { customerRegistrationWorkflow } from './customer-registration.ts';
export { monthlyBillingWorkflow } from './monthly-billing.ts';
export { reconciliationWorkflow } from './reconciliation.ts';
export { scheduledMonthlyBillingWorkflow } from './scheduled-monthly-billing.ts';
export { scheduledReconciliationWorkflow } from './scheduled-reconciliation.ts';
export { testPurchaseWorkflow } from './test-purchase.ts';
export { userErasureWorkflow } from './user-erasure.ts';
