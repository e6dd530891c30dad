/** Whom billing is about: every user, and every customer, is one of one mode. */
import type { Mode } from './mode.ts';

/** A user, as the host product names them. */
export interface UserKey {
  readonly mode: Mode;
  readonly userId: string;
}

/** A customer, as Stripe names them (`cus_…`). */
export interface CustomerKey {
  readonly mode: Mode;
  readonly stripeCustomerId: string;
}

/** A user whom Stripe knows. */
export type KnownCustomer = UserKey & CustomerKey;
