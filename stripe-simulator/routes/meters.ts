/** Billing meters and what their events add up to. */
import { z } from 'zod';
import { findMeter } from '../behaviour/find.ts';
import { aggregate, meterEventsOf } from '../behaviour/metering.ts';
import { DAY_SECONDS } from '../clock.ts';
import { invalidRequest } from '../errors.ts';
import { previousAttributes } from '../events.ts';
import { newId } from '../ids.ts';
import { page } from '../list.ts';
import type { Operation } from '../operation.ts';
import { listParams, oneOf, params, text, timestamp } from '../params.ts';
import { route } from '../router.ts';
import type { StoredMeterEvent } from '../store.ts';
import type { List, Meter, MeterEventSummary } from '../wire.ts';

const MINUTE_SECONDS = 60;
const WINDOW_SECONDS = { hour: 3_600, day: DAY_SECONDS };

const createMeter = params({
  customer_mapping: z.strictObject({ event_payload_key: text, type: oneOf('by_id') }).optional(),
  default_aggregation: z.strictObject({ formula: oneOf('count', 'last', 'sum') }),
  display_name: text,
  event_name: text,
  event_time_window: oneOf('day', 'hour').optional(),
  value_settings: z.strictObject({ event_payload_key: text }).optional(),
});

const listSummaries = listParams({
  customer: text,
  start_time: timestamp,
  end_time: timestamp,
  value_grouping_window: oneOf('day', 'hour').optional(),
});

function summary(
  meter: Meter,
  start: number,
  end: number,
  events: readonly StoredMeterEvent[],
): MeterEventSummary {
  return {
    id: newId('mtrusg_test', 16),
    object: 'billing.meter_event_summary',
    // Stripe's field is a float; the sum itself is exact.
    aggregated_value: Number(aggregate(meter, events)),
    end_time: end,
    livemode: meter.livemode,
    meter: meter.id,
    start_time: start,
  };
}

/** One summary for the whole time, or one for each window of it, newest first, as Stripe lists them. */
function summaries(
  meter: Meter,
  events: readonly StoredMeterEvent[],
  { start_time: start, end_time: end, value_grouping_window: window }: z.output<typeof listSummaries>,
): MeterEventSummary[] {
  const length = window === undefined ? end - start : WINDOW_SECONDS[window];
  const found: MeterEventSummary[] = [];
  for (let from = start; from < end; from += length) {
    const inside = events.filter(({ timestamp: at }) => at >= from && at < from + length);
    if (window === undefined || inside.length > 0) found.push(summary(meter, from, from + length, inside));
  }
  return found.toReversed();
}

/** Both ends on a minute, or on the window's own boundaries. */
function requireAligned({
  start_time: start,
  end_time: end,
  value_grouping_window: window,
}: z.output<typeof listSummaries>): void {
  const unit = window === undefined ? MINUTE_SECONDS : WINDOW_SECONDS[window];
  const name = window === undefined ? 'minute' : `UTC ${window}`;
  for (const [param, value] of [
    ['start_time', start],
    ['end_time', end],
  ] as const) {
    if (value % unit !== 0) throw invalidRequest(`${param} must align with ${name} boundaries.`, { param });
  }
  if (end <= start) throw invalidRequest('end_time must be after start_time.', { param: 'end_time' });
}

/** Two active meters would both want an event. */
function nameTaken(eventName: string) {
  return invalidRequest(`An active meter with the event name "${eventName}" already exists.`, {
    code: 'resource_already_exists',
    param: 'event_name',
  });
}

function changed(
  operation: Operation,
  before: Meter,
  fields: Partial<Meter>,
  what: 'deactivated' | 'reactivated' | 'updated',
): Meter {
  const after = operation.store.meters.put({ ...before, ...fields, updated: operation.now });
  operation.emit(`billing.meter.${what}`, after, previousAttributes(before, after));
  return after;
}

/** `/v1/billing/meters` and their event summaries. https://docs.stripe.com/api/billing/meter */
export const meterRoutes = [
  route('POST', '/v1/billing/meters', createMeter, (operation, given) => {
    const { store, now, livemode } = operation;
    if (store.meters.all('event_name', given.event_name).some(({ status }) => status === 'active')) {
      throw nameTaken(given.event_name);
    }
    const meter = store.meters.put({
      id: newId(livemode ? 'mtr' : 'mtr_test', 24),
      object: 'billing.meter',
      created: now,
      customer_mapping: given.customer_mapping ?? { event_payload_key: 'stripe_customer_id', type: 'by_id' },
      default_aggregation: given.default_aggregation,
      display_name: given.display_name,
      event_name: given.event_name,
      event_time_window: given.event_time_window ?? null,
      livemode,
      status: 'active',
      status_transitions: { deactivated_at: null },
      updated: now,
      value_settings: given.value_settings ?? { event_payload_key: 'value' },
    });
    operation.emit('billing.meter.created', meter);
    return meter;
  }),

  route(
    'GET',
    '/v1/billing/meters',
    listParams({ status: oneOf('active', 'inactive').optional() }),
    (operation, given) =>
      page(operation.store.meters, {
        url: '/v1/billing/meters',
        params: given,
        matches: ({ status }) => given.status === undefined || status === given.status,
      }),
  ),

  route('GET', '/v1/billing/meters/:meter', params({}), (operation, _given, { meter }) =>
    findMeter(operation, meter, 'id'),
  ),

  route(
    'GET',
    '/v1/billing/meters/:meter/event_summaries',
    listSummaries,
    (operation, given, ids): List<MeterEventSummary> => {
      const meter = findMeter(operation, ids.meter, 'id');
      requireAligned(given);
      const { limit = 10, customer, start_time: start, end_time: end } = given;
      const events = meterEventsOf(operation.store, meter, customer, { start, end });
      const found = summaries(meter, events, given);
      return {
        object: 'list',
        data: found.slice(0, limit),
        has_more: found.length > limit,
        url: `/v1/billing/meters/${meter.id}/event_summaries`,
      };
    },
  ),

  route(
    'POST',
    '/v1/billing/meters/:meter',
    params({ display_name: text.optional() }),
    (operation, given, ids) => {
      const before = findMeter(operation, ids.meter, 'id');
      return changed(
        operation,
        before,
        { display_name: given.display_name ?? before.display_name },
        'updated',
      );
    },
  ),

  route('POST', '/v1/billing/meters/:meter/deactivate', params({}), (operation, _given, ids) => {
    const before = findMeter(operation, ids.meter, 'id');
    if (before.status === 'inactive') throw invalidRequest('This meter is already inactive.');
    const fields = { status: 'inactive', status_transitions: { deactivated_at: operation.now } };
    return changed(operation, before, fields, 'deactivated');
  }),

  route('POST', '/v1/billing/meters/:meter/reactivate', params({}), (operation, _given, ids) => {
    const before = findMeter(operation, ids.meter, 'id');
    if (before.status === 'active') throw invalidRequest('This meter is already active.');
    const others = operation.store.meters.all('event_name', before.event_name);
    if (others.some(({ status }) => status === 'active')) throw nameTaken(before.event_name);
    const fields = { status: 'active', status_transitions: { deactivated_at: null } };
    return changed(operation, before, fields, 'reactivated');
  }),
];
