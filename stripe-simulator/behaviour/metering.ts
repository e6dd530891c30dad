/** What meter events add up to. https://docs.stripe.com/billing/subscriptions/usage-based/recording-usage */
import { Big } from 'big.js';
import type { Store, StoredMeterEvent } from '../store.ts';
import type { Meter } from '../wire.ts';
import type { Period } from './billing-cycle.ts';

/** A customer's events of `[start, end)`, in the order of their timestamps; canceled ones left out. */
export function meterEventsOf(
  store: Store,
  meter: Meter,
  customer: string,
  { start, end }: Period,
): StoredMeterEvent[] {
  return store.meterEvents
    .all('name_and_customer', `${meter.event_name}:${customer}`)
    .filter(({ timestamp, canceled }) => canceled !== true && timestamp >= start && timestamp < end)
    .toSorted((a, b) => a.timestamp - b.timestamp);
}

/** The events' value by the meter's formula: an exact decimal string. */
export function aggregate(meter: Meter, events: readonly StoredMeterEvent[]): string {
  const valueOf = (event: StoredMeterEvent) =>
    new Big(event.payload[meter.value_settings.event_payload_key] ?? '0');
  switch (meter.default_aggregation.formula) {
    case 'count':
      return String(events.length);
    case 'last': {
      const last = events.at(-1);
      return last === undefined ? '0' : valueOf(last).toFixed();
    }
    default:
      return events.reduce((sum, event) => sum.plus(valueOf(event)), new Big(0)).toFixed();
  }
}

/** How much of a metered price a customer used in `[start, end)`. */
export function usage(store: Store, meterId: string, customer: string, period: Period): string {
  const meter = store.meters.get(meterId);
  return meter === undefined ? '0' : aggregate(meter, meterEventsOf(store, meter, customer, period));
}
