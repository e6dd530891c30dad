import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express, type RequestHandler } from 'express';
import { addAccountPages } from '../web/account/pages.ts';
import { addAdminPages } from '../web/admin/pages.ts';
import { addAssets } from '../web/assets.ts';
import { openAdminAccess } from './admin/access.ts';
import { authenticateAdmin } from './admin/authentication.ts';
import { addCodecRoutes } from './admin/codec/routes.ts';
import { healthReader } from './admin/health/health.ts';
import { addAdminRoutes } from './admin/routes.ts';
import { authenticate } from './authentication.ts';
import type { ApiDependencies } from './dependencies.ts';
import { errorHandler, notFound } from './error-handler.ts';
import { CONNECTION_LIMITS, type ConnectionLimits, createHttpServer } from './http-server.ts';
import { createMetrics, measureRequests } from './metrics.ts';
import { addMonthMetrics, readLastMonths } from './month-metrics.ts';
import { addDocumentationRoutes } from './openapi/routes.ts';
import { addOperationsRoutes } from './operations.ts';
import { addReconciliationMetrics } from './reconciliation-metrics.ts';
import { refuseOddRequests } from './refuse-odd-requests.ts';
import { logRequests } from './request-log.ts';
import { traceRequests } from './request-spans.ts';
import { addStandingMetrics } from './standing-metrics.ts';
import { addUsageRoutes } from './usage/routes.ts';
import { addUserRoutes } from './users/routes.ts';
import { createReceiptLog, type ReceiptLog } from './webhooks/receipt-log.ts';
import { addWebhookRoutes } from './webhooks/receiver.ts';

/** The whole HTTP service, without a port to listen on. Whoever gives it the log of receipts closes that. */
export function createApi(
  dependencies: ApiDependencies,
  { receipts, isEnding }: { readonly receipts: ReceiptLog; readonly isEnding: () => boolean },
): Express {
  const metrics = createMetrics(dependencies.metrics);
  const lastMonths = readLastMonths(dependencies);
  addMonthMetrics(dependencies.metrics, lastMonths);
  addReconciliationMetrics(dependencies);
  addStandingMetrics(dependencies);
  const authenticated = authenticate(dependencies);
  const app = express();
  app.set('trust proxy', dependencies.trustedProxies ?? []);
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.use(
    traceRequests(),
    logRequests(dependencies.log),
    measureRequests(metrics),
    safeHeaders,
    refuseOddRequests,
  );

  addOperationsRoutes(app, dependencies, isEnding);
  addDocumentationRoutes(app);
  addWebhookRoutes(app, dependencies, { metrics, receipts });
  addUserRoutes(app, dependencies, authenticated);
  addUsageRoutes(app, dependencies, metrics, authenticated);

  addAssets(app);
  addAccountPages(app, dependencies);

  // What an admin may do, as JSON and as pages.
  const access = openAdminAccess(dependencies);
  const admins = authenticateAdmin(dependencies, access);
  const readHealth = healthReader(dependencies, lastMonths);
  addAdminRoutes(app, dependencies, admins, readHealth);
  addCodecRoutes(app, dependencies, authenticateAdmin(dependencies, access, []));
  addAdminPages(app, dependencies, access, readHealth);

  app.use(notFound);
  app.use(errorHandler);
  return app;
}

/** An api that listens. It ends in two steps, so that a load balancer loses no request: say so, then close. */
export interface RunningApi {
  readonly port: number;
  /** Says at `/readyz` that it will end, and still serves: whatever is in front of it sends new requests elsewhere. */
  announceEnd(): void;
  /** Takes no new requests, lets those under way finish for {@link CLOSE_GRACE_MS}, and writes down what came in last. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 10_000;

/**
 * Serves the api.
 *
 * @param options `port` 0 takes any free one; `host` is every interface unless given; `limits` in place of {@link CONNECTION_LIMITS}.
 * @throws the system's error (`EADDRINUSE`, `EACCES`) when it can't listen there.
 */
export async function startApi(
  options: ApiDependencies & {
    readonly port: number;
    readonly host?: string;
    readonly limits?: Partial<ConnectionLimits>;
  },
): Promise<RunningApi> {
  const limits = { ...CONNECTION_LIMITS, ...options.limits };
  const receipts = createReceiptLog(options);
  let isEnding = false;
  const app = createApi(options, { receipts, isEnding: () => isEnding });
  const server = createHttpServer(app, options.log, limits);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const stop = async () => {
    await close(server);
    await receipts.close();
  };
  const announceEnd = () => {
    isEnding = true;
  };
  return { port: portOf(server), announceEnd, close: stop };
}

async function close(server: Server): Promise<void> {
  const deadline = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      server.close((error) => (error === undefined ? resolve() : reject(error)));
      server.closeIdleConnections();
    });
  } finally {
    clearTimeout(deadline);
  }
}

function portOf(server: Server): number {
  const address: string | AddressInfo | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('the api does not listen on a port');
  return address.port;
}

const safeHeaders: RequestHandler = (_request, response, next) => {
  response.set({ 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' });
  next();
};
