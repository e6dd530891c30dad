import { createCheckoutActivities } from './checkout.ts';
import { createCustomerCommandActivities } from './customer-commands.ts';
import { createCustomerFactsActivities } from './customer-facts.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { createErasureActivities } from './erasure.ts';
import { createHostHookActivities } from './host-hook.ts';
import { createInvoiceBillActivities } from './invoice-bill.ts';
import { createMonthlyCloseActivities } from './monthly-close.ts';
import { createPaymentActivities } from './payment-sync.ts';
import { createEventReconciliation } from './reconcile-events.ts';
import { createMeterReconciliation } from './reconcile-meters.ts';
import { createObjectReconciliation } from './reconcile-objects.ts';
import { createReconciliationActivities } from './reconciliation.ts';
import { createRegistrationActivities } from './registration.ts';
import { createStripeEventActivities } from './stripe-events.ts';
import { createTestPurchaseActivities } from './test-purchase.ts';

/** What a person or a webhook waits for: the task queue `billing`. */
export function createBillingActivities(dependencies: ActivityDependencies) {
  return {
    ...createRegistrationActivities(dependencies),
    ...createCheckoutActivities(dependencies),
    ...createCustomerFactsActivities(dependencies),
    ...createCustomerCommandActivities(dependencies),
    ...createPaymentActivities(dependencies),
    ...createStripeEventActivities(dependencies),
    ...createErasureActivities(dependencies),
    ...createTestPurchaseActivities({
      ...dependencies,
      stripe: { live: null, test: dependencies.stripe.test },
    }),
  };
}

/** The monthly close, but for its bills' way to Stripe: the task queue `billing-batch`. */
export function createBatchActivities(dependencies: ActivityDependencies) {
  return createMonthlyCloseActivities(dependencies);
}

/** The bills' way to Stripe, at the rate that Stripe allows: each mode's task queue `billing-charges-{mode}`. */
export function createChargeActivities(dependencies: ActivityDependencies) {
  return createInvoiceBillActivities(dependencies);
}

/** Reconciliation's steps in the database: the task queue `billing-batch`. */
export function createReconciliationSteps(dependencies: ActivityDependencies) {
  return createReconciliationActivities(dependencies);
}

/** Stripe's lists, page by page, at the same rate as bills: each mode's task queue `billing-charges-{mode}`. */
export function createReconciliationReads(dependencies: ActivityDependencies) {
  return {
    ...createEventReconciliation(dependencies),
    ...createObjectReconciliation(dependencies),
    ...createMeterReconciliation(dependencies),
  };
}

/** Messages to the host product: the task queue `billing-hooks`. */
export function createHookActivities(dependencies: ActivityDependencies) {
  return createHostHookActivities(dependencies);
}

/** What `workflows/` may call on the task queue `billing`; it imports no more than this type of an activity. */
export type BillingActivities = ReturnType<typeof createBillingActivities>;
/** The close's steps in the database, as workflows call them on `billing-batch`. */
export type BatchActivities = ReturnType<typeof createBatchActivities>;
/** A bill's way to Stripe, as workflows call it on the queue of its mode, `billing-charges-{mode}`. */
export type ChargeActivities = ReturnType<typeof createChargeActivities>;
/** What a run of reconciliation does in the database, on `billing-batch` as a close does. */
export type ReconciliationSteps = ReturnType<typeof createReconciliationSteps>;
/** A page of one of Stripe's lists each, on the queue of the mode, so that pages and bills share one rate. */
export type ReconciliationReads = ReturnType<typeof createReconciliationReads>;
/** Messages to the host product, on `billing-hooks`: a host that hangs holds up nothing else. */
export type HookActivities = ReturnType<typeof createHookActivities>;
