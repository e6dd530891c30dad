import { z } from 'zod';
import { findOrMissing } from '../behaviour/find.ts';
import { newId } from '../ids.ts';
import { page } from '../list.ts';
import { mergeMetadata } from '../metadata.ts';
import type { Operation } from '../operation.ts';
import {
  boolean,
  emptyableText,
  listParams,
  metadata,
  noParams,
  oneOf,
  params,
  text,
  url,
} from '../params.ts';
import { route } from '../router.ts';
import type { WebhookEndpoint } from '../wire.ts';
import { API_VERSION } from '../wire.ts';

const createSchema = params({
  // The one version the simulator has the shapes of.
  api_version: oneOf(API_VERSION).optional(),
  description: emptyableText.optional(),
  enabled_events: z.array(text).min(1),
  metadata: metadata.optional(),
  url,
});
const updateSchema = params({
  description: emptyableText.optional(),
  disabled: boolean.optional(),
  enabled_events: z.array(text).min(1).optional(),
  metadata: metadata.optional(),
  url: url.optional(),
});

function findEndpoint(operation: Operation, id: string): WebhookEndpoint {
  return findOrMissing(operation, 'webhook endpoint', (store) => store.webhookEndpoints, id, 'id');
}

/** `/v1/webhook_endpoints`: where events of this mode are sent. https://docs.stripe.com/api/webhook_endpoints */
export const webhookEndpointRoutes = [
  route('POST', '/v1/webhook_endpoints', createSchema, (operation, given) => {
    const { store, livemode, now } = operation;
    const endpoint = store.webhookEndpoints.put({
      id: newId('we'),
      object: 'webhook_endpoint',
      api_version: given.api_version ?? null,
      application: null,
      created: now,
      description: given.description ?? null,
      enabled_events: given.enabled_events,
      livemode,
      metadata: mergeMetadata({}, given.metadata),
      status: 'enabled',
      url: given.url,
    });
    const { secret } = store.webhookSecrets.put({ id: endpoint.id, secret: newId('whsec', 32) });
    // The only answer that ever shows it.
    return { ...endpoint, secret };
  }),

  route('GET', '/v1/webhook_endpoints', listParams({}), (operation, given) =>
    page(operation.store.webhookEndpoints, { url: '/v1/webhook_endpoints', params: given }),
  ),

  route('GET', '/v1/webhook_endpoints/:endpoint', params({}), (operation, _given, { endpoint }) =>
    findEndpoint(operation, endpoint),
  ),

  route('POST', '/v1/webhook_endpoints/:endpoint', updateSchema, (operation, given, ids) => {
    const before = findEndpoint(operation, ids.endpoint);
    return operation.store.webhookEndpoints.put({
      ...before,
      description: given.description === undefined ? before.description : given.description,
      enabled_events: given.enabled_events ?? before.enabled_events,
      metadata: mergeMetadata(before.metadata, given.metadata),
      status: given.disabled === undefined ? before.status : given.disabled ? 'disabled' : 'enabled',
      url: given.url ?? before.url,
    });
  }),

  route('DELETE', '/v1/webhook_endpoints/:endpoint', noParams, (operation, _given, ids) => {
    const { id } = findEndpoint(operation, ids.endpoint);
    operation.store.webhookEndpoints.remove(id);
    operation.store.webhookSecrets.remove(id);
    return { id, object: 'webhook_endpoint', deleted: true };
  }),
];
