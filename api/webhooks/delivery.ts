import { randomUUID } from 'node:crypto';
import type { Response } from 'express';
import type { Mode } from '../../domain/mode.ts';
import { customerOf, envelopeOf, type StripeEvent } from '../../domain/stripe-event.ts';
import type { WebhookReceipt } from '../../domain/webhook-receipt.ts';

/** A delivery as far as it has come. */
export interface Delivery {
  readonly receivedAt: Date;
  verifiedAt: Date | null;
  event: StripeEvent | null;
  /** Why it takes no effect. */
  ignored: string | null;
  signalledAt: Date | null;
}

/** Before anything is known of it, whether it is Stripe's included. It is filled in as it comes along, and ends as a receipt. */
export function startDelivery(receivedAt: Date): Delivery {
  return { receivedAt, verifiedAt: null, event: null, ignored: null, signalledAt: null };
}

/** What became of a delivery, when its answer has been sent or nobody waits for it any more. */
export function receiptOf(mode: Mode, delivery: Delivery, response: Response): WebhookReceipt {
  const { event, receivedAt, verifiedAt, signalledAt } = delivery;
  return {
    mode,
    receiptId: randomUUID(),
    eventId: event?.id ?? null,
    type: event?.type ?? null,
    ...outcomeOf(delivery, response),
    stripeCustomerId: event === null ? null : customerOf(event),
    envelope: event === null ? null : envelopeOf(event),
    receivedAt,
    verifiedAt,
    signalledAt,
  };
}

function outcomeOf(
  { ignored, signalledAt }: Delivery,
  response: Response,
): Pick<WebhookReceipt, 'outcome' | 'reason'> {
  if (signalledAt !== null) return { outcome: 'accepted', reason: null };
  if (ignored !== null) return { outcome: 'ignored', reason: ignored };
  const code: unknown = response.locals['errorCode'];
  if (typeof code !== 'string') return { outcome: 'failed', reason: 'connection_closed' };
  return { outcome: response.statusCode >= 500 ? 'failed' : 'refused', reason: code };
}
