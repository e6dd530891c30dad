/** Billing meters, the events posted to them, and their sums. */
import { Big } from 'big.js';
import { z } from 'zod';
import { findCustomer, findMeter } from '../behaviour/find.ts';
import { invalidRequest } from '../errors.ts';
import { newId } from '../ids.ts';
import { page } from '../list.ts';
import { listParams, oneOf, params, text, timestamp } from '../params.ts';
import { route } from '../router.ts';
import type { List, Meter, MeterEvent, MeterEventSummary } from '../wire.ts';

const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 24 * HOUR_SECONDS;

const createMeter = params({
  customer_mapping: z.strictObject({ event_payload_key: text, type: oneOf('by_id') }).optional(),
  default_aggregation: z.strictObject({ formula: oneOf('count', 'last', 'sum') }),
  display_name: text,
  event_name: text,
  event_time_window: oneOf('day', 'hour').optional(),
  value_settings: z.strictObject({ event_payload_key: text }).optional(),
});

const createMeterEvent = params({
  event_name: text,
  identifier: text.optional(),
  payload: z.record(z.string(), z.string()),
  timestamp: timestamp.optional(),
});

const listSummaries = listParams({
  customer: text,
  start_time: timestamp,
  end_time: timestamp,
  value_grouping_window: oneOf('day', 'hour').optional(),
});

/** What the events add up to by the meter's formula. Stripe's field is a float; the sum itself is exact. */
function aggregate(meter: Meter, events: readonly MeterEvent[]): number {
  const values = events.map(({ payload }) => new Big(payload[meter.value_settings.event_payload_key] ?? '0'));
  switch (meter.default_aggregation.formula) {
    case 'count':
      return events.length;
    case 'last':
      return values.at(-1)?.toNumber() ?? 0;
    default:
      return values.reduce((sum, value) => sum.plus(value), new Big(0)).toNumber();
  }
}

function summary(meter: Meter, start: number, end: number, events: readonly MeterEvent[]): MeterEventSummary {
  return {
    id: newId('mtrusg_test', 16),
    object: 'billing.meter_event_summary',
    aggregated_value: aggregate(meter, events),
    end_time: end,
    livemode: meter.livemode,
    meter: meter.id,
    start_time: start,
  };
}

/** One summary for the whole time, or one for each window of it, newest first, as Stripe lists them. */
function summaries(
  meter: Meter,
  events: readonly MeterEvent[],
  { start_time: start, end_time: end, value_grouping_window: window }: z.output<typeof listSummaries>,
): MeterEventSummary[] {
  const length = window === undefined ? end - start : window === 'hour' ? HOUR_SECONDS : DAY_SECONDS;
  const found: MeterEventSummary[] = [];
  for (let from = start; from < end; from += length) {
    const to = Math.min(from + length, end);
    const within = events.filter((event) => event.timestamp >= from && event.timestamp < to);
    if (window === undefined || within.length > 0) found.push(summary(meter, from, to, within));
  }
  return found.toReversed();
}

export const meterRoutes = [
  route('POST', '/v1/billing/meters', createMeter, (operation, given) => {
    const { store, now, livemode } = operation;
    if (store.meters.all('event_name', given.event_name).some(({ status }) => status === 'active')) {
      throw invalidRequest(`An active meter with the event name "${given.event_name}" already exists.`, {
        code: 'resource_already_exists',
        param: 'event_name',
      });
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
      const key = `${meter.event_name}:${given.customer}`;
      const { limit = 10 } = given;
      const found = summaries(meter, operation.store.meterEvents.all('name_and_customer', key), given);
      return {
        object: 'list',
        data: found.slice(0, limit),
        has_more: found.length > limit,
        url: `/v1/billing/meters/${meter.id}/event_summaries`,
      };
    },
  ),

  route('POST', '/v1/billing/meter_events', createMeterEvent, (operation, given) => {
    const { store, now, livemode } = operation;
    const meter = store.meters.all('event_name', given.event_name).find(({ status }) => status === 'active');
    if (meter === undefined) {
      throw invalidRequest(`No active meter found for event_name "${given.event_name}".`, {
        code: 'archived_meter',
        param: 'event_name',
      });
    }
    const customer = given.payload[meter.customer_mapping.event_payload_key];
    if (customer === undefined) {
      throw invalidRequest(`Missing required param: payload[${meter.customer_mapping.event_payload_key}].`, {
        code: 'meter_event_no_customer_defined',
        param: 'payload',
      });
    }
    findCustomer(operation, customer, 'payload');
    const value = given.payload[meter.value_settings.event_payload_key];
    if (meter.default_aggregation.formula !== 'count' && !/^-?\d+(\.\d{1,15})?$/.test(value ?? '')) {
      throw invalidRequest('The value of the meter event must be a number.', {
        code: 'meter_event_invalid_value',
        param: 'payload',
      });
    }
    const identifier = given.identifier ?? newId('mevt');
    if (store.meterEvents.get(identifier) !== undefined) {
      throw invalidRequest(`An event already exists with identifier ${identifier}.`, { param: 'identifier' });
    }
    const {
      id: _id,
      customer: _customer,
      ...event
    } = store.meterEvents.put({
      id: identifier,
      customer,
      object: 'billing.meter_event',
      created: now,
      event_name: given.event_name,
      identifier,
      livemode,
      payload: given.payload,
      timestamp: given.timestamp ?? now,
    });
    return event;
  }),
];
