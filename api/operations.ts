import { setTimeout as sleep } from 'node:timers/promises';
import type { Express } from 'express';
import { sql } from 'kysely';
import type { ApiDependencies } from './dependencies.ts';
import { addRoute } from './route.ts';
import { describeNamespace } from './temporal/calls.ts';

/** Asked every few seconds by machines: they are in no trace, and in the log only at `debug`. */
export const OPERATIONS_PATHS: readonly string[] = ['/healthz', '/readyz', '/metrics'];

/** Longer than a healthy part takes, shorter than a load balancer waits. */
const CHECK_MS = 2_000;

/** `/healthz`: the process lives. `/readyz`: so does what it needs, and it goes on to. `/metrics`: for Prometheus. */
export function addOperationsRoutes(
  app: Express,
  dependencies: ApiDependencies,
  isEnding: () => boolean,
): void {
  const { db, temporal, metrics } = dependencies;

  addRoute(app, '/healthz', { get: [(_request, response) => void response.json({ status: 'ok' })] });

  addRoute(app, '/readyz', {
    get: [
      async (_request, response) => {
        if (isEnding()) {
          response.status(503).json({ status: 'ending', missing: [] });
          return;
        }
        // At once: where both hang, one wait has to do.
        const [database, temporalAnswers] = await Promise.all([
          answers(sql`SELECT 1`.execute(db)),
          answers(describeNamespace(temporal, CHECK_MS)),
        ]);
        const missing = [...(database ? [] : ['database']), ...(temporalAnswers ? [] : ['temporal'])];
        const status = missing.length === 0 ? 'ok' : 'unavailable';
        response.status(missing.length === 0 ? 200 : 503).json({ status, missing });
      },
    ],
  });

  addRoute(app, '/metrics', {
    get: [
      async (_request, response) => {
        response.type(metrics.contentType).send(await metrics.metrics());
      },
    ],
  });
}

async function answers(check: Promise<unknown>): Promise<boolean> {
  const answered = check.then(
    () => true,
    () => false,
  );
  return await Promise.race([answered, sleep(CHECK_MS, false, { ref: false })]);
}
