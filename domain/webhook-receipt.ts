import type { Mode } from './mode.ts';
import type { StripeEventEnvelope } from './workflow-contracts.ts';

/**
 * What became of a delivery. `accepted`: Temporal has stored it. `ignored`: it takes no effect here. `refused`: it was no event for this
 * endpoint, so Stripe is told not to expect anything. `failed`: Stripe sends it again.
 */
export const WEBHOOK_OUTCOMES = ['accepted', 'ignored', 'refused', 'failed'] as const;
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
