import type { Delivery } from '../stripe-simulator/store.ts';
import { simulate } from './world/customers.ts';
import type { RunningBilling } from './world/running-billing.ts';

/** Every webhook that Stripe's stand-in sent, or was to send. */
export async function deliveries({ simulatorUrl }: RunningBilling): Promise<Delivery[]> {
  const response = await fetch(`${simulatorUrl}/_sim/webhooks`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the simulator's log
  const answer = (await response.json()) as { readonly deliveries: Delivery[] };
  return answer.deliveries;
}

/**
 * Has Stripe send the webhooks again that never arrived, which it has given up on. (A reconciliation finds them by itself.)
 *
 * @returns how many.
 */
export async function deliverWhatWasLost(service: RunningBilling): Promise<number> {
  const all = await deliveries(service);
  const arrived = new Set(all.filter(({ status }) => status !== 'failed').map(({ eventId }) => eventId));
  const lost = new Set(all.map(({ eventId }) => eventId).filter((eventId) => !arrived.has(eventId)));
  for (const eventId of lost) await simulate(service, 'webhooks/redeliver', { eventId });
  return lost.size;
}
