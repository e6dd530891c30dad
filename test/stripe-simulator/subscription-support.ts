/** Prices, subscriptions and usage for the tests of what the clock does to them. */
import Stripe from 'stripe';
import type { TestSimulator } from './support.ts';

let meters = 0;

/** A metered price, with the meter whose events it bills. */
export interface Metered {
  meter: Stripe.Billing.Meter;
  price: Stripe.Price;
}

/** A metered price of `unitCents` a unit, monthly unless the recurrence says otherwise. */
export async function meteredPrice(
  stripe: Stripe,
  unitCents: string,
  more: {
    interval?: 'day' | 'month' | 'week' | 'year';
    transform_quantity?: Stripe.PriceCreateParams.TransformQuantity;
  } = {},
): Promise<Metered> {
  meters += 1;
  const { interval = 'month', ...fields } = more;
  const meter = await stripe.billing.meters.create({
    display_name: `Meter ${meters}`,
    event_name: `usage_${meters}_${Math.random().toString(36).slice(2)}`,
    default_aggregation: { formula: 'sum' },
  });
  const price = await stripe.prices.create({
    currency: 'usd',
    product_data: { name: `Product ${meters}` },
    recurring: { interval, usage_type: 'metered', meter: meter.id },
    unit_amount_decimal: Stripe.Decimal.from(unitCents),
    ...fields,
  });
  return { meter, price };
}

/** A licensed monthly price. */
export function seatPrice(stripe: Stripe, cents = 1_500): Promise<Stripe.Price> {
  return stripe.prices.create({
    currency: 'usd',
    product_data: { name: 'Seat' },
    recurring: { interval: 'month' },
    unit_amount: cents,
  });
}

/** Posts usage at this moment of the clock, or at `timestamp`. */
export async function use(
  stripe: Stripe,
  { meter }: Metered,
  customer: string,
  value: string,
  timestamp?: number,
): Promise<void> {
  await stripe.billing.meterEvents.create({
    event_name: meter.event_name,
    payload: { stripe_customer_id: customer, value },
    ...(timestamp === undefined ? {} : { timestamp }),
  });
}

/** Moves the clock to an ISO time. */
export const at = (context: TestSimulator, time: string): Promise<number> => context.sim.clock(time);

/** The minute of a moment, for what a slow machine does some seconds later. */
export const minute = (seconds: number | null): number => Math.floor((seconds ?? 0) / 60) * 60;

/** An ISO time in Unix seconds. */
export const unix = (time: string): number => Date.parse(time) / 1_000;

/** Event types about this object, oldest first. */
export async function eventsAbout(stripe: Stripe, ...ids: string[]): Promise<string[]> {
  const events = await stripe.events.list({ limit: 100 }).autoPagingToArray({ limit: 1_000 });
  return events
    .filter(
      ({ data }) => 'id' in data.object && typeof data.object.id === 'string' && ids.includes(data.object.id),
    )
    .map(({ type }) => type)
    .toReversed();
}
