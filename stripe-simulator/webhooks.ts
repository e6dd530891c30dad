/** Sends events to webhook endpoints, signed as Stripe signs, until they are acknowledged. */
import { createHmac } from 'node:crypto';
import { newDelivery } from './events.ts';
import type { Delivery, DeliveryAttempt, Store } from './store.ts';
import type { Event, WebhookEndpoint } from './wire.ts';

/** An endpoint must answer within this. */
const TIMEOUT_MS = 10_000;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/**
 * How long to wait after each failed attempt. Stripe retries for up to three days with exponential back-off; the first
 * steps here are short, so that a service that restarts during development hears of what it missed.
 */
const RETRY_AFTER_MS = [
  1_000,
  5_000,
  30_000,
  5 * MINUTE_MS,
  HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  24 * HOUR_MS,
  24 * HOUR_MS,
];

/** The `Stripe-Signature` header: HMAC-SHA256 over `timestamp.payload`, scheme v1. */
export function signatureHeader(payload: string, secret: string, timestamp: number): string {
  const signature = createHmac('sha256', secret).update(`${timestamp}.${payload}`).digest('hex');
  return `t=${timestamp},v1=${signature}`;
}

/** How many of the event's deliveries have not been acknowledged yet. */
export function pendingWebhooks(store: Store, eventId: string): number {
  return store.deliveries.all('event', eventId).filter(({ status }) => status === 'pending').length;
}

/** One HTTP attempt. Never throws: what went wrong is in the result. */
export async function attemptDelivery(
  event: Event,
  endpoint: WebhookEndpoint,
  secret: string,
  nowMs: number,
  stopped: AbortSignal,
): Promise<DeliveryAttempt> {
  const startedAt = performance.now();
  const ended = () => Math.round(performance.now() - startedAt);
  const payload = JSON.stringify(event, null, 2);
  try {
    const response = await fetch(endpoint.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'stripe-signature': signatureHeader(payload, secret, Math.floor(nowMs / 1_000)),
        'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
      },
      body: payload,
      redirect: 'manual',
      signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), stopped]),
    });
    // Read to the end, so that the connection can be used again.
    await response.arrayBuffer();
    return { atMs: nowMs, durationMs: ended(), status: response.status, error: null };
  } catch (error) {
    return { atMs: nowMs, durationMs: ended(), status: null, error: reason(error) };
  }
}

/** The delivery after an attempt: acknowledged, to be tried again, or given up. */
export function afterAttempt(delivery: Delivery, attempt: DeliveryAttempt, nowMs: number): Delivery {
  const attempts = [...delivery.attempts, attempt];
  if (attempt.status !== null && attempt.status >= 200 && attempt.status < 300) {
    return { ...delivery, attempts, status: 'succeeded', nextAttemptAtMs: null };
  }
  const waitMs = RETRY_AFTER_MS[attempts.length - 1];
  if (waitMs === undefined) return { ...delivery, attempts, status: 'failed', nextAttemptAtMs: null };
  return { ...delivery, attempts, nextAttemptAtMs: nowMs + waitMs };
}

/** Sends an event once more to every enabled endpoint, acknowledged or not. Returns how many. */
export function redeliver(store: Store, event: Event, nowMs: number): number {
  const endpoints = store.webhookEndpoints.values().filter(({ status }) => status === 'enabled');
  for (const endpoint of endpoints) store.deliveries.put(newDelivery(event, endpoint, nowMs));
  return endpoints.length;
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
