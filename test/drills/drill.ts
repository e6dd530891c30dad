import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from '@temporalio/client';
import { createStripeClient } from '../../activities/stripe-client.ts';
import { connectLazily } from '../../api/temporal/connection.ts';
import type { RunningBilling } from '../../chaos/world/running-billing.ts';
import type { EnvironmentVariables } from '../../config/environment.ts';
import { cacheDirectory, inheritedEnvironment } from '../../config/machine.ts';
import { saveApiKey } from '../../db/api-keys.ts';
import { saveCluster } from '../../db/clusters.ts';
import { openDatabase } from '../../db/database.ts';
import { migrateToLatest } from '../../db/migrate.ts';
import { MODES } from '../../domain/mode.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/workflow-contracts.ts';
import { startChildService } from '../../stack/child-service.ts';
import { withoutOurs } from '../../stack/environment.ts';
import { freePort } from '../../stack/ports.ts';
import { startPostgres } from '../../stack/postgres.ts';
import { startReaper } from '../../stack/reaper.ts';
import { setUpSimulatedStripe } from '../../stack/simulated-stripe.ts';
import { findTemporalBinary } from '../../stack/temporal-binary.ts';
import { startTemporalServer } from '../../stack/temporal-server.ts';
import { Part } from './part.ts';

/** The service on parts of its own, each a process with its data on disk. */
export interface Drill extends RunningBilling {
  /** A secret, for connections of a drill's own. */
  readonly databaseUrl: string;
  readonly parts: Readonly<Record<'postgres' | 'temporal' | 'stripe' | 'api' | 'worker', Part>>;
  stop(): Promise<void>;
}

const NAMESPACE = 'default';
const silent = (): void => undefined;

/**
 * Starts everything, as on a server: what is on disk survives a SIGKILL, and any part can go and come back while the others
 * run.
 *
 * @param variables more of the environment of api and worker.
 */
export async function startDrill(variables: EnvironmentVariables = {}): Promise<Drill> {
  const reaper = startReaper();
  const folder = await mkdtemp(path.join(tmpdir(), 'durable-billing-drill-'));
  reaper.directory(folder);
  await chmod(folder, 0o755); // PostgreSQL may run as a user of its own, which must be able to walk in.
  const ports = {
    postgres: await freePort(),
    temporal: await freePort(),
    stripe: await freePort(),
    api: await freePort(),
  };
  const common = { log: silent, reaper };
  const env = withoutOurs(inheritedEnvironment());
  let databaseUrl = '';
  const postgres = new Part(async () => {
    const running = await startPostgres({ ...common, dataDir: folder, port: ports.postgres });
    databaseUrl = running.url;
    return running;
  });
  const binary = await findTemporalBinary({ ...common, cacheDir: cacheDirectory(), env });
  const temporal = new Part(() =>
    startTemporalServer({
      ...common,
      binary,
      port: ports.temporal,
      databaseFile: path.join(folder, 'temporal.db'),
      namespace: NAMESPACE,
      searchAttributes: SEARCH_ATTRIBUTES,
      env,
    }),
  );
  const stripe = new Part(() =>
    startChildService({
      ...common,
      name: 'stripe-simulator',
      entry: 'stripe-simulator/main.ts',
      args: ['--port', String(ports.stripe), '--data', path.join(folder, 'stripe.jsonl')],
      env,
    }),
  );
  try {
    await Promise.all([postgres.start(), temporal.start(), stripe.start()]);
    const db = openDatabase(databaseUrl);
    await migrateToLatest(db);
    const apiKeys = { live: `key-${randomUUID()}`, test: `key-${randomUUID()}` };
    for (const mode of MODES) {
      await saveApiKey(db, { mode, name: 'drill', apiKey: apiKeys[mode] });
      await saveCluster(db, { mode, clusterId: `cluster-${mode}`, capacity: 1_000 });
    }
    const apiBase = `http://127.0.0.1:${ports.stripe}`;
    const apiUrl = `http://127.0.0.1:${ports.api}`;
    const { live, test } = await setUpSimulatedStripe(db, apiBase, apiUrl, undefined);
    if (live === null || test === null) throw new Error('the simulator has both modes');

    const address = `127.0.0.1:${ports.temporal}`;
    const serviceEnv = {
      ...env,
      LOG_LEVEL: 'warn',
      PORT: String(ports.api),
      HOST: '127.0.0.1',
      API_REQUESTS_PER_SECOND: '0',
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: NAMESPACE,
      STRIPE_API_BASE: apiBase,
      STRIPE_SECRET_KEY: live.secretKey,
      STRIPE_WEBHOOK_SECRET: live.webhookSecret,
      STRIPE_TEST_SECRET_KEY: test.secretKey,
      STRIPE_TEST_WEBHOOK_SECRET: test.webhookSecret,
      STRIPE_BATCH_REQUESTS_PER_SECOND: '1000',
      BILLING_COLLECTION_WINDOW: '0',
      ...variables,
    };
    const program = (name: 'api' | 'worker') =>
      new Part(() =>
        startChildService({
          ...common,
          name,
          entry: `${name}/main.ts`,
          env: serviceEnv,
          readyTimeoutMs: 120_000,
        }),
      );
    const [api, worker] = [program('api'), program('worker')];
    await Promise.all([api.start(), worker.start()]);
    const connection = connectLazily({ address });
    return {
      db,
      temporal: new Client({ connection: connection.connection, namespace: NAMESPACE }),
      stripe: {
        live: createStripeClient({ mode: 'live', secretKey: live.secretKey, apiBase }),
        test: createStripeClient({ mode: 'test', secretKey: test.secretKey, apiBase }),
      },
      apiUrl,
      simulatorUrl: apiBase,
      apiKeys,
      adminPassword: '',
      databaseUrl,
      parts: { postgres, temporal, stripe, api, worker },
      stop: async () => {
        await connection.close();
        await db.destroy();
        // Ends what runs still, and deletes the folder.
        await reaper.close();
      },
    };
  } catch (error) {
    await reaper.close();
    throw error;
  }
}
