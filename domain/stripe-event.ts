import type { Mode } from './mode.ts';
import type { StripeEventEnvelope } from './workflow-contracts.ts';

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
export type HandledEventType = (typeof HANDLED_EVENT_TYPES)[number];

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
export type TestPurchaseEventType = (typeof TEST_PURCHASE_EVENT_TYPES)[number];

export function isTestPurchaseEventType(type: string): type is TestPurchaseEventType {
  return (TEST_PURCHASE_EVENT_TYPES as readonly string[]).includes(type);
}

/** Where each mode's webhook endpoint is, on the api's own address. */
export const WEBHOOK_PATHS: Readonly<Record<Mode, string>> = {
  live: '/api/webhooks/stripe',
  test: '/api/webhooks/stripe-test',
};

/** What a webhook endpoint of the mode is to be sent. */
export function wantedEventTypes(mode: Mode): (HandledEventType | TestPurchaseEventType)[] {
  return mode === 'test' ? [...HANDLED_EVENT_TYPES, ...TEST_PURCHASE_EVENT_TYPES] : [...HANDLED_EVENT_TYPES];
}

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
export function testPurchaseOf(event: StripeEvent): string | null {
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

/** The mode an event belongs to is that of its endpoint, or the event is refused. */
export function isOfMode(event: StripeEvent, mode: Mode): boolean {
  return event.livemode === (mode === 'live');
}

/** Stripe refers to an object by its id, or by the object itself where it was expanded. */
function idOf(reference: unknown): string | null {
  if (typeof reference === 'string' && reference !== '') return reference;
  if (typeof reference === 'object' && reference !== null && 'id' in reference) return idOf(reference.id);
  return null;
}
