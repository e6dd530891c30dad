import type { Express, RequestHandler } from 'express';
import { ingestUsageEvents } from '../../db/usage-events.ts';
import { MAX_BATCH_SIZE, type UsageEvent, type UsageEventRejection } from '../../domain/usage-event.ts';
import { modeOf } from '../authentication.ts';
import { BODY_LIMITS, jsonBody } from '../body.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpError } from '../errors.ts';
import type { ApiMetrics } from '../metrics.ts';
import { addRoute } from '../route.ts';
import { parse } from '../validation.ts';
import { parseExactJson } from './exact-numbers.ts';
import { idOfItem, readUsageEvent, usageEnvelopeSchema } from './schema.ts';

/** `POST /api/usage-events`: takes what is good of a batch and says what is wrong with the rest. */
export function addUsageRoutes(
  app: Express,
  dependencies: ApiDependencies,
  metrics: ApiMetrics,
  authenticated: readonly RequestHandler[],
): void {
  addRoute(app, '/api/usage-events', {
    post: [
      ...authenticated,
      ...jsonBody({ limit: BODY_LIMITS.usage, parse: parseExactJson }),
      ingest(dependencies, metrics),
    ],
  });
}

function ingest({ db, now = () => new Date() }: ApiDependencies, metrics: ApiMetrics): RequestHandler {
  return async (request, response) => {
    const mode = modeOf(response);
    const items = itemsOf(request.body);
    const { events, indexes, rejected } = readAll(items, now());
    // Committed when it returns; only then is anything acknowledged.
    const result = await ingestUsageEvents(db, mode, events);
    for (const rejection of result.rejected) {
      rejected.push({ ...rejection, index: indexes[rejection.index] ?? rejection.index });
    }
    rejected.sort((a, b) => a.index - b.index);

    metrics.usageEvents.inc({ mode, outcome: 'accepted' }, result.accepted);
    metrics.usageEvents.inc({ mode, outcome: 'duplicate' }, result.duplicates);
    for (const { code } of rejected) metrics.usageEvents.inc({ mode, outcome: code });
    response.json({ accepted: result.accepted, duplicates: result.duplicates, rejected });
  };
}

function itemsOf(body: unknown): readonly unknown[] {
  const events = typeof body === 'object' && body !== null && 'events' in body ? body.events : undefined;
  if (Array.isArray(events) && events.length > MAX_BATCH_SIZE) {
    const message = `A request takes up to ${MAX_BATCH_SIZE} events, and this one has ${events.length}: send them in several`;
    throw new HttpError('too_many_events', message, { param: 'events' });
  }
  return parse(usageEnvelopeSchema, body).events;
}

function readAll(items: readonly unknown[], now: Date) {
  const events: UsageEvent[] = [];
  /** Where each of `events` stands in the request. */
  const indexes: number[] = [];
  const rejected: UsageEventRejection[] = [];
  for (const [index, item] of items.entries()) {
    const read = readUsageEvent(item, now);
    if ('problem' in read) {
      rejected.push({ index, id: idOfItem(item), ...read.problem });
    } else {
      events.push(read.event);
      indexes.push(index);
    }
  }
  return { events, indexes, rejected };
}
