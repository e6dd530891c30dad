import type { Express, RequestHandler } from 'express';
import { jsonBody } from '../../body.ts';
import type { ApiDependencies } from '../../dependencies.ts';
import { addRoute } from '../../route.ts';
import { parse } from '../../validation.ts';
import { modeOfPath } from '../parameters.ts';
import { eventsPage, replayEvent } from './events.ts';
import { eventIdSchema, eventsQuerySchema, webhookTestRequestSchema } from './schema.ts';
import { describeWebhookTest, ownUrl, sendWebhookTest } from './webhook-tests.ts';

/** What came in from Stripe, to look at, to send on again, and to try out. */
export function addEventRoutes(
  app: Express,
  dependencies: ApiDependencies,
  authenticated: readonly RequestHandler[],
): void {
  addRoute(app, '/api/admin/:mode/events', {
    get: [
      ...authenticated,
      async (request, response) => {
        const query = parse(eventsQuerySchema, request.query, 'query');
        response.json(await eventsPage(dependencies, modeOfPath(request), query));
      },
    ],
  });
  addRoute(app, '/api/admin/:mode/events/:eventId/replay', {
    post: [
      ...authenticated,
      async (request, response) => {
        const eventId = parse(eventIdSchema, request.params['eventId'], 'eventId');
        response.status(202).json(await replayEvent(dependencies, modeOfPath(request), eventId));
      },
    ],
  });
  addRoute(app, '/api/admin/test/webhook-tests', {
    post: [
      ...authenticated,
      ...jsonBody(),
      async (request, response) => {
        const body = parse(webhookTestRequestSchema, request.body);
        const test = { ...body, apiUrl: ownUrl(request) };
        response.status(202).json(await sendWebhookTest(dependencies, test));
      },
    ],
  });
  addRoute(app, '/api/admin/test/webhook-tests/:id', {
    get: [
      ...authenticated,
      async (request, response) => {
        const id = parse(eventIdSchema, request.params['id'], 'id');
        response.json(await describeWebhookTest(dependencies, id));
      },
    ],
  });
}
