import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { loadServiceConfig } from '../config/config.ts';
import { inheritedEnvironment } from '../config/machine.ts';
import { openDatabase } from '../db/database.ts';
import { migrateToLatest } from '../db/migrate.ts';
import { announceReady, SHUTDOWN_MS, stopWithParent } from '../process/parent-link.ts';
import { createLog } from '../telemetry/log.ts';
import { startTracing } from '../telemetry/tracing.ts';
import { dataConverterOf } from '../temporal/data-converter.ts';
import { startApi } from './server.ts';
import { connectLazily } from './temporal/connection.ts';

const config = loadServiceConfig(inheritedEnvironment());
const log = createLog('api', config.logLevel);
const tracing = await startTracing('durable-billing-api', config.exportsTraces);
const db = openDatabase(config.databaseUrl);
await migrateToLatest(db);

const metrics = new Registry();
collectDefaultMetrics({ register: metrics });
const { live, test } = config.stripe.modes;
const temporal = connectLazily(config.temporal.connectionOptions);
const api = await startApi({
  db,
  temporal: new Client({
    connection: temporal.connection,
    namespace: config.temporal.namespace,
    interceptors: { workflow: tracing.clientInterceptors },
    dataConverter: dataConverterOf(config.payloadKeys),
  }),
  payloadKeys: config.payloadKeys,
  webhookSecrets: { live: live?.webhookSecrets ?? [], test: test?.webhookSecrets ?? [] },
  admin: config.admin,
  account: config.account,
  log,
  metrics,
  requestsPerSecond: config.requestsPerSecond,
  pageRequestsPerMinute: config.pageRequestsPerMinute,
  limits: { maxConnections: config.maxConnections },
  trustedProxies: config.trustedProxies,
  temporalUiUrl: config.temporalUiUrl,
  holdOutliers: config.rules.holdOutliers,
  port: config.port,
  ...(config.host === undefined ? {} : { host: config.host }),
});

stopWithParent(async (reason) => {
  // Who started it by hand, or is gone, has nothing in front of it.
  if (reason === 'SIGTERM') {
    api.announceEnd();
    await sleep(config.shutdownDelayMs);
  }
  await api.close();
  await temporal.close();
  await db.destroy();
  await tracing.stop();
}, config.shutdownDelayMs + SHUTDOWN_MS);
log.info({ port: api.port }, 'api serves');
announceReady({ port: api.port });
