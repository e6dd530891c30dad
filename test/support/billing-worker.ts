import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { NativeConnection, type WorkerOptions } from '@temporalio/worker';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { ActivityDependencies, BillingRules } from '../../activities/dependencies.ts';
import { createStripeClient } from '../../activities/stripe-client.ts';
import { startApi } from '../../api/server.ts';
import type { RunningBilling } from '../../chaos/world/running-billing.ts';
import { StripeEvents } from '../../chaos/world/stripe-events.ts';
import { saveApiKey } from '../../db/api-keys.ts';
import { saveCluster } from '../../db/clusters.ts';
import type { Database } from '../../db/database.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/search-attributes.ts';
import { setUpSimulatedStripe } from '../../stack/simulated-stripe.ts';
import { SimulatorControl } from '../../stack/simulator-control.ts';
import { startStripeSimulator } from '../../stripe-simulator/server.ts';
import { dataConverterOf } from '../../temporal/data-converter.ts';
import type { PayloadKey } from '../../temporal/payload-codec.ts';
import { ensureSearchAttributes } from '../../worker/search-attributes.ts';
import { type BillingWorker, startWorker } from '../../worker/worker.ts';
import { TEST_ACCOUNT } from './account.ts';
import { ADMIN_PASSWORD, testAdmin } from './admin.ts';
import { quietRuntime } from './quiet-runtime.ts';

/** What a service is started on, and what is not as usual about it. */
export interface BillingParts {
  readonly db: Database;
  readonly temporalAddress: string;
  readonly workflowBundle: NonNullable<WorkerOptions['workflowBundle']>;
  /** Places on each mode's one cluster; 1,000 each unless given. */
  readonly places?: Partial<Record<Mode, number>>;
  /** Where the host product is told; nowhere unless given. */
  readonly hostHooks?: ActivityDependencies['hostHooks'];
  /** One that is there, with the search attributes; unless given, one is made. */
  readonly namespace?: string;
  /** Encrypt what goes to Temporal; none unless given. */
  readonly payloadKeys?: readonly PayloadKey[];
  /** Of Temporal's Web UI; one that is nowhere unless given. */
  readonly temporalUiUrl?: string;
  /** The api's; a free one unless given. */
  readonly apiPort?: number;
  /** The api's clock; the machine's unless given. */
  readonly now?: () => Date;
}

/** What a process of workers may have of its own. */
export interface WorkerProcess {
  /** Must be the same for all that run at the same time. */
  readonly batchRequestsPerSecond: number;
  /** Those of the api unless given. */
  readonly payloadKeys: readonly PayloadKey[];
  /** Without a version unless given. */
  readonly buildId: string | null;
}

/** The whole service in this process: real api, real workers, PostgreSQL, Temporal, and Stripe's stand-in over HTTP. */
export interface BillingService extends RunningBilling {
  /** Starts the workers of a process; several may run. Those that still run end with {@link stop}. */
  startWorker(rules?: Partial<BillingRules>, process?: Partial<WorkerProcess>): Promise<BillingWorker>;
  stop(): Promise<void>;
}

/** Seven days: how long whoever owes keeps access, unless a worker is given other rules. */
export const GRACE_MS = 7 * 24 * 60 * 60_000;

const RULES: BillingRules = {
  graceMs: GRACE_MS,
  collectionWindowMs: 0,
  approval: 'auto',
  holdOutliers: null,
  creditsExpireAfterMs: null,
  automaticTax: false,
};

/** So high that it is never what a test waits for. */
const BATCH_REQUESTS_PER_SECOND = 3_000;

/** Starts everything but a worker, in a Temporal namespace of its own, with webhooks that the simulator signs and delivers. */
export async function startBilling(parts: BillingParts): Promise<BillingService> {
  quietRuntime();
  const { db, temporalAddress: address, workflowBundle } = parts;
  const started: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of started.splice(0).toReversed()) await end();
  };
  try {
    const connection = await Connection.connect({ address });
    started.push(() => connection.close());
    const namespace = parts.namespace ?? (await createNamespace(connection));
    const dataConverter = dataConverterOf(parts.payloadKeys ?? []);
    const temporal = new Client({ connection, namespace, dataConverter });

    const simulator = await startStripeSimulator({ port: 0 });
    const { baseUrl: apiBase } = simulator;
    const stripe = {
      live: createStripeClient({ mode: 'live', secretKey: simulator.liveKey, apiBase }),
      test: createStripeClient({ mode: 'test', secretKey: simulator.testKey, apiBase }),
    };
    const apiKeys = { live: `key-${randomUUID()}`, test: `key-${randomUUID()}` };
    for (const mode of MODES) {
      await saveApiKey(db, { mode, name: 'tests', apiKey: apiKeys[mode] });
      await saveCluster(db, { mode, clusterId: `cluster-${mode}`, capacity: parts.places?.[mode] ?? 1_000 });
    }
    // The api must listen before Stripe can be told where, and only then tells Stripe the secrets.
    const webhookSecrets: Record<Mode, string[]> = { live: [], test: [] };
    const log = pino({ level: 'silent' });
    const api = await startApi({
      db,
      temporal,
      webhookSecrets,
      log,
      admin: await testAdmin(),
      account: TEST_ACCOUNT,
      metrics: new Registry(),
      port: parts.apiPort ?? 0,
      host: '127.0.0.1',
      payloadKeys: parts.payloadKeys ?? [],
      temporalUiUrl: parts.temporalUiUrl ?? 'http://temporal.example',
      ...(parts.now === undefined ? {} : { now: parts.now }),
    });
    // The simulator first: it delivers nothing to an api that is gone.
    started.push(
      () => api.close(),
      () => simulator.stop(),
    );
    const apiUrl = `http://127.0.0.1:${api.port}`;
    const settings = await setUpSimulatedStripe(db, simulator.baseUrl, apiUrl, undefined);
    for (const mode of MODES) webhookSecrets[mode].push(settings[mode]?.webhookSecret ?? '');

    return {
      db,
      temporal,
      stripe,
      events: new StripeEvents(stripe),
      apiUrl,
      simulatorUrl: simulator.baseUrl,
      simulator: new SimulatorControl(simulator.baseUrl),
      apiKeys,
      adminPassword: ADMIN_PASSWORD,
      startWorker: async (rules = {}, process = {}) => {
        const {
          batchRequestsPerSecond = BATCH_REQUESTS_PER_SECOND,
          payloadKeys = parts.payloadKeys ?? [],
          buildId = null,
        } = process;
        // Its own, as a process of its own would have: Temporal refuses a second worker on the same one.
        const ofWorker = await NativeConnection.connect({ address });
        started.push(() => ofWorker.close());
        const worker = await startWorker({
          connection: ofWorker,
          namespace,
          dataConverter: dataConverterOf(payloadKeys),
          buildId,
          dependencies: {
            db,
            stripe,
            log,
            rules: { ...RULES, ...rules },
            hostHooks: parts.hostHooks ?? { live: null, test: null },
            testProductId: null,
          },
          batchRequestsPerSecond: { live: batchRequestsPerSecond, test: batchRequestsPerSecond },
          workflowBundle,
        });
        started.push(() => worker.stop());
        return worker;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const NAMESPACE_READY_MS = 30_000;
/** The shortest the server takes. */
const RETENTION = '1 day';

/**
 * The task queues have fixed names, so a namespace of its own is what keeps a test file's workflows from other files'
 * workers. It is not deleted afterwards: that is a workflow of the server's, and the server ends with the run.
 */
export async function createNamespace(connection: Connection): Promise<string> {
  const namespace = `test-${randomUUID()}`;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs(RETENTION),
  });
  // The server's parts learn of a namespace, and of its search attributes, one after the other.
  const query = Object.keys(SEARCH_ATTRIBUTES)
    .map((name) => `${name} IS NULL`)
    .join(' AND ');
  for (const deadline = Date.now() + NAMESPACE_READY_MS; ; await sleep(50)) {
    try {
      await ensureSearchAttributes(connection, namespace, SEARCH_ATTRIBUTES);
      await connection.workflowService.listWorkflowExecutions({ namespace, query, pageSize: 1 });
      await connection.workflowService.countWorkflowExecutions({ namespace, query });
      return namespace;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}
