import type { Express, RequestHandler } from 'express';
import { addRoute } from '../../route.ts';
import type { ReadHealth } from './health.ts';

/** `GET /api/admin/health`: what works, what does not, and how to mend it. */
export function addHealthRoutes(
  app: Express,
  readHealth: ReadHealth,
  authenticated: readonly RequestHandler[],
): void {
  addRoute(app, '/api/admin/health', {
    get: [
      ...authenticated,
      async (_request, response) => {
        response.json(await readHealth());
      },
    ],
  });
}
