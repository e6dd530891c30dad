import type { Express, RequestHandler } from 'express';
import type { ApiDependencies } from '../dependencies.ts';
import { addCustomerRoutes } from './customers/routes.ts';
import { addEventRoutes } from './events/routes.ts';
import type { ReadHealth } from './health/health.ts';
import { addHealthRoutes } from './health/routes.ts';
import { addMonthRoutes } from './months/routes.ts';
import { addTestBillingRoutes } from './test-billing/routes.ts';

/**
 * What operators do, over HTTP. What is done to a customer or a month has the mode in its path: nothing is done in the other world by
 * mistake. Test billing has none, for it is of test mode.
 */
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
  addTestBillingRoutes(app, dependencies, authenticated);
}
