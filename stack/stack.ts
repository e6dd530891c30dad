import path from 'node:path';
import { type EnvironmentVariables, parseEnvironment } from '../config/environment.ts';
import { readStackFile, type StackFile, writeStackFile } from '../config/stack-file.ts';
import { loadTemporalConfig } from '../config/temporal.ts';
import { saveApiKey } from '../db/api-keys.ts';
import { saveCluster } from '../db/clusters.ts';
import { type Database, openDatabase } from '../db/database.ts';
import { migrateToLatest } from '../db/migrate.ts';
import { MODES } from '../domain/mode.ts';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.ts';
import { adminEnvironment } from './admin-environment.ts';
import type { BuiltPrograms } from './build-programs.ts';
import { type ChildService, startChildService } from './child-service.ts';
import { childEnvironment, configuredStripe, namesAccount, usesSimulator } from './environment.ts';
import type { Log } from './log.ts';
import { newStackSecrets } from './new-secrets.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import type { Reaper } from './reaper.ts';
import { setUpSimulatedStripe } from './simulated-stripe.ts';
import { type RunningPart, type StackPart, type StartPart, SupervisedPart } from './supervised-part.ts';
import { findTemporalBinary } from './temporal-binary.ts';
import { startTemporalServer, type TemporalServer } from './temporal-server.ts';

/** Where the parts listen, at 127.0.0.1. */
export interface StackPorts {
  readonly api: number;
  readonly postgres: number;
  readonly temporal: number;
  readonly temporalUi: number;
  readonly stripeSimulator: number;
}

/** Where a stack lives and listens, which of its parts are embedded, and who hears of them. */
export interface StackOptions {
  /** Kept between runs; created if it is missing. */
  readonly dataDir: string;
  readonly ports: StackPorts;
  /** Decides which parts are real; the children get it too. */
  readonly variables: EnvironmentVariables;
  readonly cacheDir: string;
  readonly reaper: Reaper;
  /** More of the Stripe simulator's options, where that runs. */
  readonly stripeSimulatorArgs?: readonly string[] | undefined;
  /** `off` for throw-away data. */
  readonly durability: 'full' | 'off';
  /** Takes the lines that the parts print. */
  readonly log: Log;
  /** For proofs: a module of ours that api or worker loads before anything of its own, such as `chaos/boundaries/worker.ts`. */
  readonly preloads?: Readonly<Partial<Record<'api' | 'worker', string>>> | undefined;
  /** For proofs that start them hundreds of times: our own programs where they were built ahead. */
  readonly programs?: Partial<BuiltPrograms> | undefined;
  /** Called as each part begins to start, and again when it runs. */
  readonly onPart: (part: PartName, state: 'starting' | 'running', where?: string) => void;
  /** A part has ended by itself. */
  readonly onFailure: (part: PartName, how: string) => void;
}

/** The names of the parts, as {@link StackOptions.onPart} is told them. */
export const PARTS = ['PostgreSQL', 'Temporal', 'Stripe simulator', 'worker', 'api'] as const;
/** A part by the name that an operator is shown. */
export type PartName = (typeof PARTS)[number];

/** Everything running. */
export interface Stack extends AsyncDisposable {
  readonly file: StackFile;
  /** Those that it started; what the environment names is not among them. */
  readonly parts: ReadonlyMap<PartName, StackPart>;
  /** Stops all of it, in the opposite order. Can be called more than once. */
  stop(): Promise<void>;
}

const NAMESPACE = 'default';
/** A place to be assigned to, on a stack that knows no clusters of its own. */
const EMBEDDED_CLUSTERS = [
  { clusterId: 'cluster-a', capacity: 100 },
  { clusterId: 'cluster-b', capacity: 100 },
];

/**
 * Starts api and worker on the parts that the environment names, and on embedded ones for the rest.
 *
 * @throws StackError when a part can't be had or started; what was started by then is stopped again.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const parts = new Map<PartName, SupervisedPart>();
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= (async () => {
      for (const part of [...parts.values()].toReversed()) await part.stop();
    })();
    return stopped;
  };
  const started: Started = async (name, start, where) => {
    options.onPart(name, 'starting');
    const first = await start(() => undefined);
    const onFailure = (how: string) => stopped === undefined && options.onFailure(name, how);
    parts.set(name, new SupervisedPart(first, start, onFailure));
    options.onPart(name, 'running', where(first));
    return first;
  };

  try {
    return { file: await startParts(options, started), parts, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Started = <Part extends RunningPart>(
  name: PartName,
  start: StartPart<Part>,
  where: (part: Part) => string,
) => Promise<Part>;

async function startParts(options: StackOptions, started: Started): Promise<StackFile> {
  const { dataDir, ports, variables, log, reaper, preloads = {}, programs = {} } = options;
  const environment = parseEnvironment(variables);
  const previous = await readStackFile(dataDir);

  const [databaseUrl, temporal, stripeBase] = await allSettled([
    environment.DATABASE_URL ?? embeddedPostgres(options, started),
    configuredTemporal(variables) ?? embeddedTemporal(options, started),
    usesSimulator(variables) ? embeddedStripe(options, started) : (environment.STRIPE_API_BASE ?? null),
  ]);
  const apiUrl = `http://127.0.0.1:${ports.api}`;

  const db = openDatabase(databaseUrl, { maxConnections: 2 });
  try {
    await migrateToLatest(db);
    const fresh = newStackSecrets();
    const keys = {
      apiKey: previous?.apiKey ?? fresh.apiKey,
      testApiKey: previous?.testApiKey ?? fresh.testApiKey,
    };
    await saveApiKey(db, { mode: 'live', name: 'npm start', apiKey: keys.apiKey });
    await saveApiKey(db, { mode: 'test', name: 'npm start', apiKey: keys.testApiKey });
    if (environment.DATABASE_URL === undefined) await addClusters(db);

    const file: StackFile = {
      apiUrl,
      databaseUrl,
      temporalAddress: temporal.address,
      temporalNamespace: temporal.namespace,
      temporalUiUrl: temporal.uiUrl ?? environment.TEMPORAL_UI_URL ?? null,
      stripe: {
        apiBase: stripeBase,
        ...(usesSimulator(variables) && stripeBase !== null
          ? await setUpSimulatedStripe(db, stripeBase, apiUrl, previous)
          : configuredStripe(variables)),
      },
      ...keys,
      adminPassword:
        environment.ADMIN_PASSWORD_HASH === undefined
          ? (previous?.adminPassword ?? fresh.adminPassword)
          : null,
      accountLinkSecrets: namesAccount(variables)
        ? null
        : (previous?.accountLinkSecrets ?? fresh.accountLinkSecrets),
    };

    const common = { log, reaper, readyTimeoutMs: 120_000 };
    const workerEnv = childEnvironment(variables, file);
    const apiEnv = { ...workerEnv, ...(await adminEnvironment(file)) };
    await allSettled([
      started(
        'worker',
        (onSpawn) =>
          startChildService({
            ...common,
            onSpawn,
            name: 'worker',
            entry: programs.worker ?? 'worker/main.ts',
            env: workerEnv,
            preload: preloads.worker,
          }),
        () => 'polls Temporal',
      ),
      started(
        'api',
        (onSpawn) =>
          startChildService({
            ...common,
            onSpawn,
            name: 'api',
            entry: programs.api ?? 'api/main.ts',
            env: apiEnv,
            preload: preloads.api,
          }),
        () => apiUrl,
      ),
    ]);
    await writeStackFile(dataDir, file);
    return file;
  } finally {
    await db.destroy();
  }
}

async function embeddedPostgres(options: StackOptions, started: Started): Promise<string> {
  const { dataDir, ports, log, reaper, durability } = options;
  const start: StartPart<Postgres> = (onSpawn) =>
    startPostgres({
      dataDir: path.join(dataDir, 'postgres'),
      port: ports.postgres,
      durability,
      log,
      reaper,
      onSpawn,
    });
  return (await started('PostgreSQL', start, (part) => `127.0.0.1:${part.port}`)).url;
}

interface ReachableTemporal {
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl?: string | undefined;
}

function configuredTemporal(variables: EnvironmentVariables): ReachableTemporal | undefined {
  const configured = loadTemporalConfig(variables);
  const address = configured?.connectionOptions.address;
  return configured === null || address === undefined
    ? undefined
    : { address, namespace: configured.namespace };
}

async function embeddedTemporal(options: StackOptions, started: Started): Promise<ReachableTemporal> {
  const { dataDir, ports, log, reaper, cacheDir, variables: env } = options;
  const start: StartPart<TemporalServer> = async (onSpawn) =>
    startTemporalServer({
      binary: await findTemporalBinary({
        cacheDir,
        env,
        log: (line) => options.onPart('Temporal', 'starting', line),
        reaper,
      }),
      port: ports.temporal,
      uiPort: ports.temporalUi,
      codecEndpoint: env['TEMPORAL_CODEC_KEYS'] ? `http://127.0.0.1:${ports.api}/api/admin/codec` : undefined,
      databaseFile: path.join(dataDir, 'temporal.db'),
      namespace: NAMESPACE,
      searchAttributes: SEARCH_ATTRIBUTES,
      env,
      log,
      reaper,
      onSpawn,
    });
  return await started('Temporal', start, (part) => `${part.address}, Web UI ${part.uiUrl ?? ''}`);
}

async function embeddedStripe(options: StackOptions, started: Started): Promise<string> {
  const { dataDir, ports, log, reaper, stripeSimulatorArgs = [] } = options;
  const dataFile = path.join(dataDir, 'stripe-simulator.jsonl');
  const start: StartPart<ChildService> = (onSpawn) =>
    startChildService({
      name: 'stripe-simulator',
      entry: options.programs?.['stripe-simulator'] ?? 'stripe-simulator/main.ts',
      args: ['--port', String(ports.stripeSimulator), '--data', dataFile, ...stripeSimulatorArgs],
      env: options.variables,
      log,
      reaper,
      onSpawn,
    });
  const baseUrl = `http://127.0.0.1:${ports.stripeSimulator}`;
  await started('Stripe simulator', start, () => baseUrl);
  return baseUrl;
}

async function addClusters(db: Database): Promise<void> {
  for (const mode of MODES) {
    const known = await db.selectFrom('clusters').select('cluster_id').where('mode', '=', mode).execute();
    if (known.length > 0) continue;
    for (const cluster of EMBEDDED_CLUSTERS) await saveCluster(db, { mode, ...cluster });
  }
}

/** Like `Promise.all`, but fails only when all have ended: nothing is still starting while the rest is being stopped. */
async function allSettled<const Parts extends readonly unknown[]>(
  parts: Parts,
): Promise<{ -readonly [Index in keyof Parts]: Awaited<Parts[Index]> }> {
  await Promise.allSettled(parts);
  return await Promise.all(parts);
}
