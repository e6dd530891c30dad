import type { BillingStatus, WaitingFor } from './customer-standing.ts';

/** A user as the database has them, for comparing with what Stripe says of their customer. */
export interface ComparedUser {
  readonly userId: string;
  readonly stripeCustomerId: string;
  readonly subscriptionId: string | null;
  readonly defaultPaymentMethodId: string | null;
  readonly status: BillingStatus;
  readonly waitingFor: WaitingFor | null;
  /** The object in Stripe that the status comes from. */
  readonly statusObjectId: string | null;
}

/** By their customer in Stripe, `cus_…`. */
export type ComparedUsers = ReadonlyMap<string, ComparedUser>;
