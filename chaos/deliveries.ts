import { isHandledEventType } from '../domain/stripe-event.ts';
import type { Delivery } from '../stripe-simulator/store.ts';
import type { Finding } from './judge/finding.ts';
import type { RunningBilling } from './world/running-billing.ts';

/** Every webhook that Stripe's stand-in sent, or was to send. */
export async function deliveries({ simulator }: RunningBilling): Promise<readonly Delivery[]> {
  return await simulator.deliveries();
}

/** The ids of events whose webhooks never arrived, and that Stripe sends no more. */
export async function lostEvents(service: RunningBilling): Promise<string[]> {
  const all = await deliveries(service);
  const arrived = new Set(all.filter(({ status }) => status !== 'failed').map(({ eventId }) => eventId));
  return [...new Set(all.map(({ eventId }) => eventId))].filter((eventId) => !arrived.has(eventId));
}

/** The ids of events that were answered with a 2xx, and take effect. */
export async function acknowledgedEvents(service: RunningBilling): Promise<string[]> {
  const succeeded = (await deliveries(service)).filter(({ status }) => status === 'succeeded');
  const ids = succeeded
    .filter(({ eventType }) => isHandledEventType(eventType))
    .map(({ eventId }) => eventId);
  return [...new Set(ids)];
}

/** What may be answered: taken, or not just now. Anything else Stripe would be told for no fault of its own. */
const RIGHT_ANSWERS: ReadonlySet<number | null> = new Set([200, 503, null]);

/** Webhooks that were answered otherwise than they may be. */
export function wrongAnswers(all: readonly Delivery[]): Finding[] {
  return all.flatMap(({ eventId, eventType, attempts }) =>
    attempts
      .filter(({ status }) => !RIGHT_ANSWERS.has(status))
      .map(({ status }) => ({ about: eventId, what: `its webhook (${eventType}) was answered ${status}` })),
  );
}
