import type { Express, RequestHandler } from 'express';
import type { z } from 'zod';
import type { ApiDependencies } from '../../dependencies.ts';
import { readLastMonths } from '../../month-metrics.ts';
import { addRoute } from '../../route.ts';
import { checkBilling } from './billing-checks.ts';
import { checkDatabase } from './database-checks.ts';
import type { healthSchema } from './schema.ts';
import { checkTemporal } from './temporal-checks.ts';

export type Health = z.output<typeof healthSchema>;

/** `GET /api/admin/health`: what works, what does not, and how to mend it. */
export function addHealthRoutes(
  app: Express,
  dependencies: ApiDependencies,
  authenticated: readonly RequestHandler[],
): void {
  const readHealth = healthReader(dependencies);
  addRoute(app, '/api/admin/health', {
    get: [
      ...authenticated,
      async (_request, response) => {
        response.json(await readHealth());
      },
    ],
  });
}

/** Makes what looks at everything at once; it answers within seconds, whatever is down. One for each process. */
export function healthReader(dependencies: ApiDependencies): () => Promise<Health> {
  const lastMonths = readLastMonths(dependencies);
  return async () => {
    const checks = await Promise.all([
      checkDatabase(dependencies),
      checkTemporal(dependencies),
      checkBilling(dependencies, lastMonths),
    ]);
    const all = checks.flat();
    const states = new Set(all.map(({ state }) => state));
    const state = states.has('failed') ? 'failed' : states.has('attention') ? 'attention' : 'ok';
    return { state, checks: all };
  };
}
