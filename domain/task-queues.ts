import type { Mode } from './mode.ts';

/** Interactive work: a person, or a webhook, is waiting for it. */
export const BILLING_TASK_QUEUE = 'billing';
/** The monthly close. On a queue of its own, so that nobody waits behind a hundred thousand bills. */
export const BILLING_BATCH_TASK_QUEUE = 'billing-batch';
/** Its bills on their way to Stripe. On a queue of their own, which hands them out at the rate that Stripe allows the mode. */
export const billingChargesTaskQueue = (mode: Mode) => `billing-charges-${mode}`;
/** Messages to the host product. On a queue of their own, so that a host that hangs holds up nothing else. */
export const BILLING_HOOKS_TASK_QUEUE = 'billing-hooks';
