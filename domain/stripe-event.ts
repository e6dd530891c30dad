import type { Mode } from './mode.ts';

/**
 * The events that take effect, each through its customer's workflow (docs/billing.md, "What each Stripe event does").
 * Of every event only "look again at this customer" is taken, so one too many here does no harm.
 */
export const HANDLED_EVENT_TYPES = [
  'checkout.session.completed',
  'checkout.session.async_payment_succeeded',
  'customer.subscription.created',
  'customer.subscription.updated',
  'customer.subscription.deleted',
  'customer.deleted',
  'payment_method.attached',
  'payment_method.detached',
  'invoice.paid',
  'invoice.payment_succeeded',
  'invoice.payment_failed',
  'invoice.payment_action_required',
  'invoice.finalization_failed',
  'invoice.marked_uncollectible',
  'invoice.voided',
  'charge.refunded',
  'refund.created',
  'refund.updated',
  'refund.failed',
  'charge.dispute.created',
  'charge.dispute.updated',
  'charge.dispute.closed',
  'charge.dispute.funds_withdrawn',
  'charge.dispute.funds_reinstated',
] as const;
/** The type of an event that takes effect through its customer's workflow. */
export type HandledEventType = (typeof HANDLED_EVENT_TYPES)[number];

/** Whether an event of this type takes effect through its customer's workflow. */
export function isHandledEventType(type: string): type is HandledEventType {
  return (HANDLED_EVENT_TYPES as readonly string[]).includes(type);
}

/**
 * The events that a test purchase waits for, of payment intents that it has made. All others of these types are ignored: what
 * is paid through Checkout or by an invoice, their own events say.
 */
export const TEST_PURCHASE_EVENT_TYPES = [
  'payment_intent.succeeded',
  'payment_intent.payment_failed',
  'payment_intent.requires_action',
  'payment_intent.canceled',
] as const;
/** The type of an event that a test purchase may wait for. */
export type TestPurchaseEventType = (typeof TEST_PURCHASE_EVENT_TYPES)[number];

/** Whether a test purchase may wait for an event of this type. Whose payment it is, the event's metadata say. */
export function isTestPurchaseEventType(type: string): type is TestPurchaseEventType {
  return (TEST_PURCHASE_EVENT_TYPES as readonly string[]).includes(type);
}

/** What a webhook endpoint of the mode is to be sent. */
export function wantedEventTypes(mode: Mode): (HandledEventType | TestPurchaseEventType)[] {
  return mode === 'test' ? [...HANDLED_EVENT_TYPES, ...TEST_PURCHASE_EVENT_TYPES] : [...HANDLED_EVENT_TYPES];
}

/** Where Stripe is to deliver the events of the mode, below the api's own address; the seed names the paths. */
export const WEBHOOK_PATHS: Readonly<Record<Mode, string>> = {
  live: '/api/webhooks/stripe',
  test: '/api/webhooks/stripe-test',
};

/** What is read of an event of Stripe's. Its `data.object` may be out of date, so nothing but identity is taken from it. */
export interface StripeEvent {
  /** `evt_…` */
  readonly id: string;
  readonly type: string;
  /** Unix seconds. */
  readonly created: number;
  readonly livemode: boolean;
  readonly data: {
    readonly object: Readonly<Record<string, unknown>>;
    /** What an update replaced; on `payment_method.detached` the only place that still names the customer. */
    readonly previous_attributes?: Readonly<Record<string, unknown>> | null | undefined;
  };
}

/** What a webhook delivery comes down to: no card or personal data, for it stays in the workflow's history. */
export interface StripeEventEnvelope {
  readonly eventId: string;
  readonly type: string;
  /** The object the event is about, such as `in_…`; it is fetched again, never trusted as delivered. */
  readonly objectId: string;
  /** Unix seconds. */
  readonly created: number;
  /** The charge (`ch_…`) that a refund or dispute is about. */
  readonly chargeId?: string;
  /**
   * The database does not know that it ever had an effect. A workflow that remembers that it had one takes it up all the same: the
   * database was put back to a backup.
   */
  readonly hadNoEffect?: boolean;
}

/** Of an event whose object names no customer, such as a dispute's. Whose it is, its charge says. */
export type ChargeEventEnvelope = StripeEventEnvelope & { readonly chargeId: string };

/** The customer an event is about (`cus_…`), or `null` for one that names none: a guest's charge, a dispute. */
export function customerOf(event: StripeEvent): string | null {
  const { object, previous_attributes: previous } = event.data;
  if (event.type === 'customer.deleted') return idOf(object);
  if (event.type === 'payment_method.detached')
    return idOf(previous?.['customer']) ?? idOf(object['customer']);
  return idOf(object['customer']);
}

/** What our test purchases say of themselves in the metadata of their payment intents. */
const PURCHASE_ID = /^[\w-]{1,100}$/;

/** The test purchase that an event is about; `null` for any other event, and in live mode for all. */
function testPurchaseOf(event: StripeEvent): string | null {
  if (event.livemode || !isTestPurchaseEventType(event.type)) return null;
  const metadata = event.data.object['metadata'];
  if (typeof metadata !== 'object' || metadata === null || !('purchase_id' in metadata)) return null;
  const { purchase_id: purchaseId } = metadata;
  return typeof purchaseId === 'string' && PURCHASE_ID.test(purchaseId) ? purchaseId : null;
}

/**
 * What the customer's workflow is told of an event, or `null` when its object has no id to look it up by.
 *
 * @example
 * // → { eventId: 'evt_1', type: 'invoice.paid', objectId: 'in_1', created: 1793750400 }
 */
export function envelopeOf(event: StripeEvent): StripeEventEnvelope | null {
  const { id: eventId, type, created } = event;
  const objectId = idOf(event.data.object);
  if (objectId === null) return null;
  const chargeId = chargeOf(event);
  return { eventId, type, objectId, created, ...(chargeId === null ? {} : { chargeId }) };
}

/** The charge that a refund or a dispute is about (`ch_…`). A dispute names no customer, but its charge does. */
function chargeOf({ type, data }: StripeEvent): string | null {
  return type.startsWith('refund.') || type.startsWith('charge.dispute.')
    ? idOf(data.object['charge'])
    : null;
}

/** Where an event of Stripe's goes. Webhooks and reconciliation take the same way, so that it can't matter which brings it. */
export type EventRoute =
  | { readonly to: 'customer'; readonly stripeCustomerId: string; readonly envelope: StripeEventEnvelope }
  /** Its object names no customer, but a charge that does. */
  | { readonly to: 'charge'; readonly envelope: ChargeEventEnvelope }
  | { readonly to: 'purchase'; readonly purchaseId: string; readonly envelope: StripeEventEnvelope }
  /** It takes no effect: nobody handles its type, it names nobody, or its object has no id to look it up by. */
  | { readonly to: 'nobody'; readonly why: 'type' | 'no_customer' | 'no_object' };

/** Whom an event is to be told to: the workflow of a test purchase, of its customer, or one that finds out whose charge it is about. */
export function routeOf(event: StripeEvent): EventRoute {
  const purchaseId = testPurchaseOf(event);
  if (purchaseId === null && !isHandledEventType(event.type)) return { to: 'nobody', why: 'type' };
  const envelope = envelopeOf(event);
  if (envelope === null) return { to: 'nobody', why: 'no_object' };
  if (purchaseId !== null) return { to: 'purchase', purchaseId, envelope };
  const stripeCustomerId = customerOf(event);
  if (stripeCustomerId !== null) return { to: 'customer', stripeCustomerId, envelope };
  const { chargeId } = envelope;
  return chargeId === undefined
    ? { to: 'nobody', why: 'no_customer' }
    : { to: 'charge', envelope: { ...envelope, chargeId } };
}

/** The mode an event belongs to is that of its endpoint, or the event is refused. */
export function isOfMode(event: StripeEvent, mode: Mode): boolean {
  return event.livemode === (mode === 'live');
}

/** What Stripe's ids are made of, and those of nobody that a database or a workflow's id could not hold. */
export const STRIPE_ID = /^[\x21-\x7e]{1,255}$/;

/** Stripe refers to an object by its id, or by the object itself where it was expanded. */
function idOf(reference: unknown): string | null {
  const isExpanded = typeof reference === 'object' && reference !== null && 'id' in reference;
  const id = isExpanded ? reference.id : reference;
  return typeof id === 'string' && STRIPE_ID.test(id) ? id : null;
}
