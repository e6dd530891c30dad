/** What is forgotten, so that a simulator may run for months. */
import { DAY_SECONDS } from './clock.ts';
import type { Store } from './store.ts';

/** As at Stripe: events are there for 30 days, by the simulator's clock. */
export const EVENTS_KEPT_SECONDS = 30 * DAY_SECONDS;
/** How many deliveries are kept at least; of those before them, the ones that succeeded are forgotten. */
const DELIVERIES_KEPT = 10_000;

/** To be called at the end of a unit of work that changes something. */
export function forgetOld(store: Store, now: number): void {
  forgetOldEvents(store, now);
  if (store.deliveries.size > store.sweepDeliveriesAt) forgetDelivered(store);
}

/** Forgets events that are too old and whose deliveries have ended. */
function forgetOldEvents(store: Store, now: number): void {
  const { events, deliveries } = store;
  for (;;) {
    const event = events.get(events.order.first ?? '');
    if (event === undefined || event.created + EVENTS_KEPT_SECONDS > now) return;
    const sent = deliveries.all('event', event.id);
    if (sent.some(({ status }) => status === 'pending')) return;
    for (const { id } of sent) deliveries.remove(id);
    events.remove(event.id);
  }
}

/** Forgets the oldest deliveries that succeeded; the next look comes only when as many again have come in. */
function forgetDelivered(store: Store): void {
  const { deliveries } = store;
  let surplus = deliveries.size - DELIVERIES_KEPT;
  for (const { id, status } of deliveries.values()) {
    if (surplus <= 0) break;
    surplus -= 1;
    if (status === 'succeeded') deliveries.remove(id);
  }
  store.sweepDeliveriesAt = deliveries.size + DELIVERIES_KEPT;
}
