import { z } from 'zod';
import { findOrMissing } from '../behaviour/find.ts';
import { invalidRequest } from '../errors.ts';
import { isOfType } from '../events.ts';
import { page, within } from '../list.ts';
import type { Operation } from '../operation.ts';
import { boolean, listParams, params, range, text } from '../params.ts';
import { EVENTS_KEPT_SECONDS } from '../retention.ts';
import { route } from '../router.ts';
import { pendingWebhooks } from '../webhooks.ts';
import type { Event } from '../wire.ts';

const listSchema = listParams({
  created: range.optional(),
  delivery_success: boolean.optional(),
  type: text.optional(),
  types: z.array(text).max(20).optional(),
});

/** Whether every endpoint that wanted it has acknowledged it. */
function delivered(operation: Operation, event: Event): boolean {
  return operation.store.deliveries.all('event', event.id).every(({ status }) => status === 'succeeded');
}

function current(operation: Operation, event: Event): Event {
  return { ...event, pending_webhooks: pendingWebhooks(operation.store, event.id) };
}

/** `/v1/events`, which are there for 30 days, newest first. https://docs.stripe.com/api/events */
export const eventRoutes = [
  route('GET', '/v1/events', listSchema, (operation, given) => {
    if (given.type !== undefined && given.types !== undefined) {
      throw invalidRequest('You may only specify one of these parameters: type, types.', { param: 'types' });
    }
    const types = given.types ?? (given.type === undefined ? undefined : [given.type]);
    const oldest = operation.now - EVENTS_KEPT_SECONDS;
    const list = page(operation.store.events, {
      url: '/v1/events',
      params: given,
      matches: (event) =>
        event.created >= oldest &&
        (types === undefined || types.some((wanted) => isOfType(event.type, wanted))) &&
        within(given.created, event.created) &&
        (given.delivery_success === undefined || delivered(operation, event) === given.delivery_success),
    });
    return { ...list, data: list.data.map((event) => current(operation, event)) };
  }),

  route('GET', '/v1/events/:event', params({}), (operation, _given, ids) =>
    current(
      operation,
      findOrMissing(operation, 'event', (store) => store.events, ids.event, 'id'),
    ),
  ),
];
