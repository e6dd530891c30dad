import {
  type AppliedTestEvent,
  listAppliedTestEvents,
  listTestCredits,
  type TestCredits,
} from '../../../db/test-mode.ts';
import { listTestPurchases } from '../../../db/test-purchases.ts';
import { listSubscribers } from '../../../db/user-lists.ts';
import type { BillingStatus } from '../../../domain/customer-standing.ts';
import type { ApiDependencies } from '../../dependencies.ts';
import { type PurchaseWithSteps, purchaseWithSteps } from './purchases.ts';

/** Test mode at a glance: of each list what changed last, that first. */
export interface TestBillingOverview {
  readonly purchases: readonly PurchaseWithSteps[];
  readonly credits: readonly TestCredits[];
  readonly subscriptions: readonly TestSubscription[];
  readonly events: readonly AppliedTestEvent[];
}

/** Who has, or had, a subscription, and where they stand. */
export interface TestSubscription {
  readonly userId: string;
  readonly name: string;
  /** `cus_…` */
  readonly stripeCustomerId: string | null;
  /** `sub_…` */
  readonly stripeSubscriptionId: string | null;
  readonly status: BillingStatus;
  /** Why they stand there, in a sentence. */
  readonly reason: string;
}

/** Reads it, for the JSON route and for the page. @param limits how long each list may be; `users` is for two of them. */
export async function readTestBilling(
  { db, now = () => new Date() }: Pick<ApiDependencies, 'db' | 'now'>,
  limits: { readonly purchases: number; readonly users: number; readonly events: number },
): Promise<TestBillingOverview> {
  const [purchases, credits, subscribers, events] = await Promise.all([
    listTestPurchases(db, limits.purchases),
    listTestCredits(db, limits.users, now()),
    listSubscribers(db, 'test', limits.users),
    listAppliedTestEvents(db, limits.events),
  ]);
  return {
    purchases: purchases.map(purchaseWithSteps),
    credits,
    subscriptions: subscribers.map((user) => ({
      userId: user.user_id,
      name: user.name,
      stripeCustomerId: user.stripe_customer_id,
      stripeSubscriptionId: user.stripe_subscription_id,
      status: user.status,
      reason: user.status_reason,
    })),
    events,
  };
}
