import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { ActivityDependencies } from '../activities/dependencies.ts';
import { createStripeClient, type StripeClient } from '../activities/stripe-client.ts';
import { adoptConfiguredPrices } from '../activities/stripe-setup.ts';
import { loadServiceConfig, type ServiceConfig } from '../config/config.ts';
import { inheritedEnvironment } from '../config/machine.ts';
import { openDatabase } from '../db/database.ts';
import { migrateToLatest } from '../db/migrate.ts';
import { ensurePriceList } from '../db/price-list.ts';
import { MODES, type Mode } from '../domain/mode.ts';
import { announceReady, stopWithParent } from '../process/parent-link.ts';
import { createLog } from '../telemetry/log.ts';
import { startTracing } from '../telemetry/tracing.ts';
import { dataConverterOf } from '../temporal/data-converter.ts';
import { createWorkerMetrics } from './metrics.ts';
import { type MetricsServer, startMetricsServer } from './metrics-server.ts';
import { ensureSchedules, prepareSearchAttributes } from './namespace.ts';
import { installRuntime } from './runtime.ts';
import { startWorker } from './worker.ts';
import { makeFirstCurrent } from './worker-versions.ts';

const config = loadServiceConfig(inheritedEnvironment());
const log = createLog('worker', config.logLevel);
const sdkMetricsUrl = await installRuntime(log, config.workerMetricsPort !== null);
const tracing = await startTracing('durable-billing-worker', config.exportsTraces);
const registry = new Registry();
collectDefaultMetrics({ register: registry });
const metrics = createWorkerMetrics(registry, config.stripe.batchRequestsPerSecond);

const db = openDatabase(config.databaseUrl);
await migrateToLatest(db);
const dependencies: Omit<ActivityDependencies, 'temporal'> = {
  db,
  stripe: { live: clientOf('live', config), test: clientOf('test', config) },
  log,
  rules: { ...config.rules, automaticTax: config.stripe.automaticTax },
  hostHooks: config.hostHooks,
  testProductId: config.stripe.testProductId,
};

const connection = await NativeConnection.connect(config.temporal.connectionOptions);
const { namespace } = config.temporal;
const dataConverter = dataConverterOf(config.payloadKeys);
await withClient(prepareNamespace);
const worker = await startWorker({
  connection,
  namespace,
  dataConverter,
  buildId: config.workerBuildId,
  dependencies,
  batchRequestsPerSecond: config.stripe.batchRequestsPerSecond,
  tracing,
});
const metricsServer = await serveMetrics();
worker.stopped.catch((error: unknown) => {
  log.fatal({ err: error }, 'the worker has failed');
  process.exit(1);
});
stopWithParent(async () => {
  await worker.stop();
  await metricsServer?.close();
  await connection.close();
  await db.destroy();
  await tracing.stop();
});
if (config.workerBuildId !== null) await takeWork(config.workerBuildId);
log.info({ namespace, buildId: config.workerBuildId }, 'worker runs');
announceReady();

/** Last of all: who can be scraped works. It goes on while the work at hand is finished. */
async function serveMetrics(): Promise<MetricsServer | null> {
  const { workerMetricsPort: port, host } = config;
  if (port === null || sdkMetricsUrl === null) return null;
  const { isRunning } = worker;
  const server = await startMetricsServer({ registry, sdkMetricsUrl, isRunning, log, port, host });
  log.info({ port: server.port, host: host ?? 'every address' }, 'metrics are served');
  return server;
}

/** The first version of the workers that there is becomes the current one; others wait until they are made so. */
async function takeWork(buildId: string): Promise<void> {
  const isCurrent = await withClient((client) => makeFirstCurrent(client, buildId));
  if (!isCurrent)
    log.warn(
      { buildId },
      'another version is current: "npm run billing -- worker-versions" shows and changes it',
    );
}

async function withClient<Result>(
  work: (client: Client, connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = await Connection.connect(config.temporal.connectionOptions);
  try {
    return await work(new Client({ connection, namespace, dataConverter }), connection);
  } finally {
    await connection.close();
  }
}

/** What must be there before the first workflow runs: search attributes, price lists, and each mode's Schedules. */
async function prepareNamespace(client: Client, connection: Connection): Promise<void> {
  await prepareSearchAttributes(connection, namespace, log);
  for (const mode of MODES) {
    await ensurePriceList(db, mode);
    const stripe = dependencies.stripe[mode];
    const settings = config.stripe.modes[mode];
    if (stripe === null || settings === null) continue;
    await adoptConfiguredPrices(db, stripe, mode, settings.priceIds);
    await ensureSchedules(client, mode);
  }
}

function clientOf<M extends Mode>(mode: M, { stripe }: ServiceConfig): StripeClient<M> | null {
  const settings = stripe.modes[mode];
  return settings === null
    ? null
    : createStripeClient({
        mode,
        secretKey: settings.secretKey,
        apiBase: stripe.apiBase,
        onCall: metrics.onStripeCall,
      });
}
