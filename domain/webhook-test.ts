/** Events as the admin sends them to the test endpoint, to see that they are verified, handed on and applied. */

/** One at least for each kind of object that events are about: as many as a test needs of those that Stripe is set up to send. */
export const TESTED_EVENT_TYPES = [
  'checkout.session.completed',
  'customer.subscription.created',
  'customer.subscription.updated',
  'customer.subscription.deleted',
  'invoice.payment_succeeded',
  'invoice.payment_failed',
  'payment_method.attached',
  'payment_method.detached',
] as const;
/** The type of an event that an admin may send as a test. */
export type TestedEventType = (typeof TESTED_EVENT_TYPES)[number];

/** What of a user Stripe knows; `null`: nothing yet. */
export interface StripeObjects {
  /** The last Checkout session, `cs_…`. */
  readonly checkoutSessionId: string | null;
  readonly subscriptionId: string | null;
  /** The last bill's, `in_…`. */
  readonly invoiceId: string | null;
  readonly paymentMethodId: string | null;
}

/** What a type of event is about. */
const OBJECT_OF: Readonly<Record<TestedEventType, keyof StripeObjects>> = {
  'checkout.session.completed': 'checkoutSessionId',
  'customer.subscription.created': 'subscriptionId',
  'customer.subscription.updated': 'subscriptionId',
  'customer.subscription.deleted': 'subscriptionId',
  'invoice.payment_succeeded': 'invoiceId',
  'invoice.payment_failed': 'invoiceId',
  'payment_method.attached': 'paymentMethodId',
  'payment_method.detached': 'paymentMethodId',
};

const NAMES = {
  checkoutSessionId: 'checkout.session',
  subscriptionId: 'subscription',
  invoiceId: 'invoice',
  paymentMethodId: 'payment_method',
} as const satisfies Record<keyof StripeObjects, string>;

const HOW_TO_GET = {
  checkoutSessionId: 'Checkout session: start one for them',
  subscriptionId: 'subscription: they get one by completing a Checkout',
  invoiceId: 'invoice: close a month in which they used something',
  paymentMethodId: 'payment method: they add one through Checkout',
} as const satisfies Record<keyof StripeObjects, string>;

/** The id of what an event of the type is about; `null`: the user has none. */
export function objectOfTest(type: TestedEventType, objects: StripeObjects): string | null {
  return objects[OBJECT_OF[type]];
}

/** What to say when the user has none. */
export function whyNothingToTest(type: TestedEventType, userId: string): string {
  return `${userId} has no ${HOW_TO_GET[OBJECT_OF[type]]}`;
}

/**
 * The event as Stripe would send it, as far as it is read. What it says of the object does not matter: only who it is, for billing
 * asks Stripe. So a test changes nothing that is not so in Stripe.
 */
export function testEvent(event: {
  readonly id: string;
  readonly type: TestedEventType;
  readonly sentAt: Date;
  readonly objectId: string;
  readonly stripeCustomerId: string;
}) {
  const { id, type, sentAt, objectId, stripeCustomerId } = event;
  const object = { id: objectId, object: NAMES[OBJECT_OF[type]] };
  return {
    id,
    object: 'event',
    type,
    created: Math.floor(sentAt.getTime() / 1_000),
    livemode: false,
    pending_webhooks: 0,
    request: null,
    // Of one that was detached only the past names the customer.
    data:
      type === 'payment_method.detached'
        ? {
            object: { ...object, customer: null },
            previous_attributes: { customer: stripeCustomerId },
          }
        : { object: { ...object, customer: stripeCustomerId } },
  };
}

const TEST_EVENT_ID = /^evt_test_webhook_(\d{13})_[0-9a-f]{12}$/;

/**
 * The id of a test and of its event. It holds when it was sent, to the millisecond: so no process has to remember a test.
 *
 * @param random twelve hexadecimal digits
 */
export function testEventId(sentAt: Date, random: string): string {
  return `evt_test_webhook_${sentAt.getTime()}_${random}`;
}

/** When a test was sent; `null`: it is none of ours. */
export function sentAtOf(id: string): Date | null {
  const ms = TEST_EVENT_ID.exec(id)?.[1];
  return ms === undefined ? null : new Date(Number(ms));
}
