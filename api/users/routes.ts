import type { Express, RequestHandler } from 'express';
import { jsonBody } from '../body.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { addRoute } from '../route.ts';
import { getBilling } from './billing.ts';
import { postBillingPortalSession } from './billing-portal.ts';
import { getBills } from './bills.ts';
import { postCheckoutSession } from './checkout.ts';
import { putUser } from './registration.ts';
import { getUsage } from './usage.ts';

/** What the host product asks about its users. */
export function addUserRoutes(
  app: Express,
  dependencies: ApiDependencies,
  authenticated: readonly RequestHandler[],
): void {
  addRoute(app, '/api/users/:userId', { put: [...authenticated, ...jsonBody(), putUser(dependencies)] });
  addRoute(app, '/api/users/:userId/billing', { get: [...authenticated, getBilling(dependencies)] });
  addRoute(app, '/api/users/:userId/usage', { get: [...authenticated, getUsage(dependencies)] });
  addRoute(app, '/api/users/:userId/bills', { get: [...authenticated, getBills(dependencies)] });
  addRoute(app, '/api/users/:userId/checkout-sessions', {
    post: [...authenticated, ...jsonBody(), postCheckoutSession(dependencies)],
  });
  addRoute(app, '/api/users/:userId/billing-portal-sessions', {
    post: [...authenticated, ...jsonBody(), postBillingPortalSession(dependencies)],
  });
}
