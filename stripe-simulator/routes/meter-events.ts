/** Usage as it is posted to meters. https://docs.stripe.com/api/billing/meter-event */
import { z } from 'zod';
import { findCustomer } from '../behaviour/find.ts';
import { DAY_SECONDS } from '../clock.ts';
import { invalidRequest } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Operation } from '../operation.ts';
import { oneOf, params, text, timestamp } from '../params.ts';
import { route } from '../router.ts';
import type { Meter } from '../wire.ts';

/** How old an event may be, and how far ahead of the clock. */
const OLDEST_SECONDS = 35 * DAY_SECONDS;
const AHEAD_SECONDS = 300;
/** How long after it came in an event may be canceled. */
const CANCELABLE_SECONDS = DAY_SECONDS;

const createSchema = params({
  event_name: text,
  identifier: text.optional(),
  payload: z.record(z.string(), z.string()),
  timestamp: timestamp.optional(),
});

const adjustSchema = params({
  cancel: z.strictObject({ identifier: text.optional() }).optional(),
  event_name: text,
  type: oneOf('cancel'),
});

function activeMeter({ store }: Operation, eventName: string): Meter {
  const meter = store.meters.all('event_name', eventName).find(({ status }) => status === 'active');
  if (meter !== undefined) return meter;
  throw invalidRequest(`No active meter found for event_name "${eventName}".`, {
    code: 'archived_meter',
    param: 'event_name',
  });
}

function customerOf(
  { customer_mapping: { event_payload_key: key } }: Meter,
  payload: Record<string, string>,
) {
  const customer = payload[key];
  if (customer !== undefined) return customer;
  throw invalidRequest(`Missing required param: payload[${key}].`, {
    code: 'meter_event_no_customer_defined',
    param: 'payload',
  });
}

function requireNumber(meter: Meter, payload: Record<string, string>): void {
  if (meter.default_aggregation.formula === 'count') return;
  if (/^-?\d+(\.\d{1,15})?$/.test(payload[meter.value_settings.event_payload_key] ?? '')) return;
  throw invalidRequest('The value of the meter event must be a number.', {
    code: 'meter_event_invalid_value',
    param: 'payload',
  });
}

function requireRecent(at: number, now: number): void {
  if (at > now + AHEAD_SECONDS) {
    throw invalidRequest('The timestamp must not be more than 5 minutes in the future.', {
      param: 'timestamp',
    });
  }
  if (at < now - OLDEST_SECONDS) {
    throw invalidRequest('The timestamp must be within the past 35 days.', {
      param: 'timestamp',
    });
  }
}

/** `/v1/billing/meter_events`, taken once per identifier, and the adjustments that cancel one within a day. */
export const meterEventRoutes = [
  route('POST', '/v1/billing/meter_events', createSchema, (request, given) => {
    const { store } = request;
    const meter = activeMeter(request, given.event_name);
    const owner = findCustomer(request, customerOf(meter, given.payload), 'payload').id;
    const { livemode, now } = request.at(owner);
    requireNumber(meter, given.payload);
    requireRecent(given.timestamp ?? now, now);
    const identifier = given.identifier ?? newId('mevt');
    if (store.meterEvents.get(identifier) !== undefined) {
      throw invalidRequest(`An event already exists with identifier ${identifier}.`, { param: 'identifier' });
    }
    const stored = store.meterEvents.put({
      id: identifier,
      customer: owner,
      object: 'billing.meter_event',
      created: now,
      event_name: given.event_name,
      identifier,
      livemode,
      payload: given.payload,
      timestamp: given.timestamp ?? now,
    });
    const { id: _id, customer: _customer, canceled: _canceled, ...event } = stored;
    return event;
  }),

  route('POST', '/v1/billing/meter_event_adjustments', adjustSchema, (operation, given) => {
    const { store, livemode } = operation;
    const identifier = given.cancel?.identifier;
    if (identifier === undefined) {
      throw invalidRequest('Missing required param: cancel[identifier].', {
        code: 'parameter_missing',
        param: 'cancel[identifier]',
      });
    }
    const event = store.meterEvents.get(identifier);
    if (event?.event_name !== given.event_name) {
      throw invalidRequest(`No such meter event: '${identifier}'`, {
        code: 'resource_missing',
        param: 'cancel[identifier]',
      });
    }
    if (event.created + CANCELABLE_SECONDS < operation.at(event.customer).now) {
      throw invalidRequest('A meter event can only be canceled within 24 hours.', {
        param: 'cancel[identifier]',
      });
    }
    // It stays, so that its identifier can't be used again.
    store.meterEvents.put({ ...event, canceled: true });
    return {
      object: 'billing.meter_event_adjustment',
      cancel: { identifier },
      event_name: given.event_name,
      livemode,
      status: 'complete',
      type: 'cancel',
    };
  }),
];
