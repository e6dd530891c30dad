/**
 * What decides a customer's access: what Stripe and the database say *now*. An event only tells that it is time to look, so
 * neither the order of deliveries nor their number can matter: the same facts give the same decisions.
 */

/**
 * A payment method that is attached to the customer in Stripe, whatever its type.
 * https://docs.stripe.com/api/payment_methods
 */
export interface PaymentMethodFact {
  readonly id: string;
  /** Unix seconds. */
  readonly created: number;
}

/** A subscription of the customer's in Stripe, live or ended. https://docs.stripe.com/api/subscriptions/object */
export interface SubscriptionFact {
  readonly id: string;
  /** Stripe's subscription status, such as `active`, `past_due`, `canceled`. */
  readonly status: string;
  /** Unix seconds. */
  readonly created: number;
  /** Unix seconds; `null` while it lives. */
  readonly endedAt: number | null;
  /** Whether we made it, for a Checkout session. Somebody else's is adopted, but never touched. */
  readonly isOurs: boolean;
}

/** A completed Checkout session in mode `setup` whose subscription has not been seen to yet. */
export interface CompletedSetupFact {
  readonly checkoutSessionId: string;
  readonly paymentMethodId: string;
  /** When the user completed it, Unix seconds. */
  readonly completedAt: number;
}

/** A bill whose invoice Stripe could not collect. */
export interface UnpaidBillFact {
  readonly billId: string;
  readonly stripeInvoiceId: string;
  /** When it failed first, Unix milliseconds. */
  readonly failedAtMs: number;
  /** What the last attempt was to be paid with; `null` when it was nothing, or is not known. (Absent in looks of older code.) */
  readonly failedPaymentMethodId?: string | null;
  /** When Stripe tries again by itself, Unix milliseconds; `null` when it plans no attempt. */
  readonly stripeRetriesAtMs: number | null;
  /** Whether Stripe has tried again by itself: then its schedule was followed, and is over when it plans no more. */
  readonly stripeHasRetried: boolean;
  /** Only the customer can go on, on Stripe's hosted page: their bank wants to see them. */
  readonly needsCustomerAction: boolean;
  /** Whether the invoice can still be charged: not when it was written off as uncollectible. */
  readonly isCollectible: boolean;
  /** How often we had it charged, and when last (Unix milliseconds). */
  readonly collectionAttempts: number;
  readonly lastCollectionAtMs: number | null;
}

/** A payment that its cardholder takes back. https://docs.stripe.com/disputes */
export interface DisputeFact {
  readonly id: string;
  /** Stripe's dispute status, such as `needs_response`, `lost`. */
  readonly status: string;
  readonly amountCents: number;
  /** Until when evidence is taken, Unix milliseconds. */
  readonly dueByMs: number | null;
}

/** A bill that Stripe refused to invoice. */
export interface ParkedBillFact {
  readonly billId: string;
  readonly problem: string;
}

/** An operator has suspended the customer; nothing but an operator lifts it. */
export interface OperatorSuspensionFact {
  readonly by: string;
  readonly reason: string;
}

/**
 * All that is known of one customer when a step of their workflow decides: one look at Stripe and the database
 * (activities/customer-facts.ts).
 */
export interface CustomerFacts {
  readonly customerDeleted: boolean;
  readonly defaultPaymentMethodId: string | null;
  /** Attached to the customer now; newest first, as Stripe lists them, also within a second. */
  readonly paymentMethods: readonly PaymentMethodFact[];
  /** Those of them that were not there when we looked last. */
  readonly newPaymentMethodIds: readonly string[];
  readonly subscriptions: readonly SubscriptionFact[];
  /** Oldest first. */
  readonly completedSetups: readonly CompletedSetupFact[];
  readonly unpaidBills: readonly UnpaidBillFact[];
  readonly parkedBills: readonly ParkedBillFact[];
  readonly disputes: readonly DisputeFact[];
  /** Credits that were refunded after they had been used, in cents: our loss. */
  readonly creditShortfallCents: number;
  /** The subscription that the database holds. */
  readonly savedSubscriptionId: string | null;
  readonly clusterId: string | null;
  readonly operatorSuspension: OperatorSuspensionFact | null;
  /** End of the grace period as it was saved last, Unix milliseconds. */
  readonly graceEndsAtMs: number | null;
  /** An operator has given time until then, Unix milliseconds. */
  readonly graceExtendedUntilMs: number | null;
  /** How long a customer who owes keeps access. */
  readonly graceMs: number;
}

const ENDED_SUBSCRIPTION_STATUSES: ReadonlySet<string> = new Set(['canceled', 'incomplete_expired']);

/**
 * Whether the subscription is over for good: canceled, or never paid for the first time.
 * https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses
 */
export function hasEnded({ status }: Pick<SubscriptionFact, 'status'>): boolean {
  return ENDED_SUBSCRIPTION_STATUSES.has(status);
}

/**
 * Subscriptions that have not ended, oldest first. There should be one; the oldest counts, and of two that are of the same second
 * (Stripe dates them no finer) ours does.
 */
export function liveSubscriptions(facts: Pick<CustomerFacts, 'subscriptions'>): SubscriptionFact[] {
  return facts.subscriptions
    .filter((subscription) => !hasEnded(subscription))
    .toSorted(
      (a, b) => a.created - b.created || Number(b.isOurs) - Number(a.isOurs) || (a.id < b.id ? -1 : 1),
    );
}

/** The one subscription that counts, or `null`. */
export function liveSubscription(facts: Pick<CustomerFacts, 'subscriptions'>): SubscriptionFact | null {
  return liveSubscriptions(facts)[0] ?? null;
}

/** Of a customer without a live subscription the one that ended last; `null`: there never was one. */
export function lastEndedSubscription(facts: Pick<CustomerFacts, 'subscriptions'>): SubscriptionFact | null {
  const latestFirst = facts.subscriptions.toSorted(
    (a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0) || (a.id < b.id ? 1 : -1),
  );
  return latestFirst[0] ?? null;
}
