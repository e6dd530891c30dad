import type { Mode } from './mode.ts';
import type { StripeEventEnvelope } from './stripe-event.ts';

/**
 * What became of a delivery. `accepted`: Temporal has stored it. `ignored`: it takes no effect here. `refused`, with a 4xx: it is no event
 * for this endpoint, and sent again it would be refused again. `failed`, with a 5xx, or nobody waited for the answer: the next may be
 * taken. Stripe sends both again, for three days.
 */
export const WEBHOOK_OUTCOMES = ['accepted', 'ignored', 'refused', 'failed'] as const;
/** One way in which a delivery may end. */
export type WebhookOutcome = (typeof WEBHOOK_OUTCOMES)[number];

/** A delivery to a webhook endpoint, and what became of it. */
export interface WebhookReceipt {
  readonly mode: Mode;
  /** Of this delivery, a UUID: Stripe may deliver an event several times. */
  readonly receiptId: string;
  /** `null`: it was not known to be Stripe's. */
  readonly eventId: string | null;
  readonly type: string | null;
  readonly outcome: WebhookOutcome;
  /** Why it was not accepted: a code, such as `invalid_signature`. */
  readonly reason: string | null;
  readonly stripeCustomerId: string | null;
  /** What the workflow was told, or would have been. */
  readonly envelope: StripeEventEnvelope | null;
  readonly receivedAt: Date;
  /** When its signature was found good. */
  readonly verifiedAt: Date | null;
  /** When Temporal had stored it. */
  readonly signalledAt: Date | null;
}
