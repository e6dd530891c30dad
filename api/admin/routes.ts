import type { Express, RequestHandler } from 'express';
import type { ApiDependencies } from '../dependencies.ts';
import { addCustomerRoutes } from './customers/routes.ts';
import { addEventRoutes } from './events/routes.ts';
import type { ReadHealth } from './health/health.ts';
import { addHealthRoutes } from './health/routes.ts';
import { addMonthRoutes } from './months/routes.ts';

/** What operators do, over HTTP. A mode is part of every path: nothing is done in the other world by mistake. */
export function addAdminRoutes(
  app: Express,
  dependencies: ApiDependencies,
  authenticated: readonly RequestHandler[],
  readHealth: ReadHealth,
): void {
  addCustomerRoutes(app, dependencies, authenticated);
  addMonthRoutes(app, dependencies, authenticated);
  addEventRoutes(app, dependencies, authenticated);
  addHealthRoutes(app, readHealth, authenticated);
}
