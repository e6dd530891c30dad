/** Events: the record of what happened, and which endpoints are to hear of it. */
import { newId } from './ids.ts';
import type { Mischief } from './mischief.ts';
import type { EventRequest } from './operation.ts';
import type { Delivery, Store } from './store.ts';
import type { ApiObject, Event, WebhookEndpoint } from './wire.ts';
import { API_VERSION } from './wire.ts';

/** Stores an event and a delivery for each endpoint that wants it, due at once. */
export function recordEvent(
  store: Store,
  occurrence: {
    type: Event['type'];
    object: ApiObject;
    previousAttributes: Record<string, unknown> | undefined;
    livemode: boolean;
    nowMs: number;
    request: EventRequest;
  },
  mischief: Mischief,
): Event {
  const { type, object, previousAttributes, livemode, nowMs, request } = occurrence;
  const endpoints = store.webhookEndpoints.values().filter((endpoint) => wants(endpoint, type));
  const event = store.events.put({
    id: newId('evt'),
    object: 'event',
    api_version: API_VERSION,
    created: Math.floor(nowMs / 1_000),
    data: previousAttributes === undefined ? { object } : { object, previous_attributes: previousAttributes },
    livemode,
    pending_webhooks: endpoints.length,
    request,
    type,
  });
  for (const endpoint of endpoints) {
    for (const delivery of mischief.strike(newDelivery(event, endpoint, nowMs), nowMs)) {
      store.deliveries.put(delivery);
    }
  }
  return event;
}

/** Whether an event of `type` is `wanted`, where `invoice.*` stands for all of a kind. */
export function isOfType(type: string, wanted: string): boolean {
  return wanted.endsWith('*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted;
}

/** A fresh attempt to tell `endpoint` of `event`, due at once. */
export function newDelivery(event: Event, endpoint: WebhookEndpoint, nowMs: number): Delivery {
  return {
    id: newId('whd'),
    eventId: event.id,
    eventType: event.type,
    endpointId: endpoint.id,
    url: endpoint.url,
    status: 'pending',
    nextAttemptAtMs: nowMs,
    attempts: [],
  };
}

function wants(endpoint: WebhookEndpoint, type: string): boolean {
  return (
    endpoint.status === 'enabled' &&
    endpoint.enabled_events.some((wanted) => wanted === '*' || wanted === type)
  );
}

/**
 * What changed between two values of an object, as `data.previous_attributes` has it: the old value of each field that
 * differs, and inside of hashes only the entries that differ.
 */
export function previousAttributes(before: object, after: object): Record<string, unknown> {
  const old = new Map(Object.entries(before));
  const fresh = new Map(Object.entries(after));
  const changed: Record<string, unknown> = {};
  for (const name of new Set([...old.keys(), ...fresh.keys()])) {
    const was: unknown = old.get(name);
    const is: unknown = fresh.get(name);
    if (was === is || JSON.stringify(was) === JSON.stringify(is)) continue;
    changed[name] = isHash(was) && isHash(is) ? previousAttributes(was, is) : (was ?? null);
  }
  return changed;
}

function isHash(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
