import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DataConverter } from '@temporalio/common';
import { Client } from 'pg';
import { parseEnvironment } from '../config/environment.ts';
import { cacheDirectory, inheritedEnvironment } from '../config/machine.ts';
import type { StackFile } from '../config/stack-file.ts';
import { saveApiKey } from '../db/api-keys.ts';
import { saveCluster } from '../db/clusters.ts';
import { openDatabase } from '../db/database.ts';
import { migrateToLatest } from '../db/migrate.ts';
import { MODES } from '../domain/mode.ts';
import { freePort } from '../process/free-port.ts';
import { adminEnvironment } from '../stack/admin-environment.ts';
import { buildProgramsForNow } from '../stack/build-programs.ts';
import { startChildService } from '../stack/child-service.ts';
import { type ComposeFile, readComposeFile } from '../stack/compose-file.ts';
import { stripeEnvironment, withoutOurs } from '../stack/environment.ts';
import type { Log } from '../stack/log.ts';
import { newStackSecrets } from '../stack/new-secrets.ts';
import { startPostgres } from '../stack/postgres.ts';
import type { Environment } from '../stack/program.ts';
import { type Reaper, startReaper } from '../stack/reaper.ts';
import { setUpSimulatedStripe } from '../stack/simulated-stripe.ts';
import { findTemporalBinary } from '../stack/temporal-binary.ts';
import { dataConverterOf } from '../temporal/data-converter.ts';
import { type LoadBalancer, startLoadBalancer } from './load-balancer.ts';
import { ReplaceableProcess } from './replaceable-process.ts';
import { startTemporalCluster } from './temporal-cluster.ts';
import { findTemporalPrograms } from './temporal-programs.ts';

/** How many processes of ours there are, and with which variables. With two apis or more a load balancer stands in front. */
export interface TopologyOptions {
  readonly apis: number;
  readonly workers: number;
  /** `WORKER_BUILD_ID` of the first workers. */
  readonly buildId: string;
  /** Variables that a person would put into .env, beside the secrets. */
  readonly variables?: Environment;
  /** More of the Stripe simulator's options. */
  readonly stripeSimulatorArgs?: readonly string[];
  /** What is begun. */
  readonly progress: Log;
  /** Each line that a part prints. */
  readonly log: Log;
}

/** What docker-compose.yml starts, each container a process of this machine, with more than one api behind a load balancer. */
export interface Topology {
  /** As `stack.json` describes a stack; the api's address is the load balancer's, where there are several. */
  readonly file: StackFile;
  readonly dataConverter: DataConverter;
  /** `null` in front of a single api. */
  readonly loadBalancer: LoadBalancer | null;
  /** Process ids of the parts that are never replaced. */
  readonly pids: { readonly temporal: number; readonly postgres: number; readonly simulator: number };
  readonly apis: readonly ReplaceableProcess[];
  readonly workers: readonly ReplaceableProcess[];
  /** Starts as many workers of another version beside those that run. */
  startWorkers(count: number, buildId: string): Promise<ReplaceableProcess[]>;
}

/** Room for everybody. */
const PLACES = 1_000_000;
/** Longer than the load balancer takes to notice. */
const SHUTDOWN_DELAY = '2s';
/** docker-compose.yml gives a worker as long, and the api a minute. */
const STOP_GRACE_MS = 30_000;

/** Works on a production topology of its own, in a folder that is deleted afterwards. */
export async function onTopology<Result>(
  options: TopologyOptions,
  work: (topology: Topology) => Promise<Result>,
): Promise<Result> {
  await using reaper = startReaper();
  const parts: Parts = [];
  try {
    return await work(await startTopology(options, reaper, parts));
  } finally {
    for (const stop of parts.toReversed()) await stop();
  }
}

/** How to stop each part, in the order in which they were started. */
type Parts = (() => Promise<unknown>)[];

async function startTopology(options: TopologyOptions, reaper: Reaper, parts: Parts): Promise<Topology> {
  const { progress, log } = options;
  const env = withoutOurs(inheritedEnvironment());
  const cacheDir = cacheDirectory();
  const folder = await mkdtemp(path.join(tmpdir(), 'durable-billing-production-'));
  reaper.directory(folder);
  await chmod(folder, 0o755); // PostgreSQL may run as a user of its own, which must be able to walk in.

  progress('building our programs');
  const programs = await buildProgramsForNow(reaper);
  const password = randomBytes(16).toString('hex');
  const apiPorts: number[] = [];
  for (const _ of numbered(options.apis)) apiPorts.push(await freePort());
  const publicPort = options.apis > 1 ? await freePort() : (apiPorts[0] ?? 0);
  const file = newStackFile(`http://127.0.0.1:${publicPort}`);
  // What a person puts into .env.
  const secrets = {
    POSTGRES_PASSWORD: password,
    API_SHUTDOWN_DELAY: SHUTDOWN_DELAY,
    TEMPORAL_CODEC_KEYS: `drill:${randomBytes(32).toString('base64')}`,
    ACCOUNT_SESSION_SECRETS: randomBytes(32).toString('base64url'),
    ACCOUNT_LINK_SECRETS: file.accountLinkSecrets?.live,
    ACCOUNT_TEST_LINK_SECRETS: file.accountLinkSecrets?.test,
    ...(await adminEnvironment(file)),
    ...options.variables,
  };

  progress('starting PostgreSQL');
  const infrastructure = readComposeFile({ ...secrets, ...PENDING });
  const postgres = await startPostgres({
    dataDir: path.join(folder, 'postgres'),
    port: await freePort(),
    maxConnections: maxConnectionsOf(infrastructure),
    log,
    reaper,
  });
  parts.push(() => postgres.stop());
  await createRole(postgres.adminUrl, password);

  const release = /:(.+)$/.exec(serviceOf(infrastructure, 'temporal').image ?? '')?.[1] ?? '';
  progress(`starting Temporal ${release} on PostgreSQL`);
  const find = { cacheDir, env, log: progress, reaper };
  const temporal = await startTemporalCluster({
    programs: await findTemporalPrograms(release, find),
    cli: await findTemporalBinary(find),
    schema: serviceOf(infrastructure, 'temporal-schema'),
    server: serviceOf(infrastructure, 'temporal'),
    namespace: serviceOf(infrastructure, 'temporal-namespace'),
    folder,
    postgresPort: postgres.port,
    env,
    log,
    reaper,
  });
  parts.push(() => temporal.stop());

  progress(
    `starting the Stripe simulator, workers, and ${options.apis === 1 ? 'an api' : `${options.apis} apis behind a load balancer`}`,
  );
  const simulatorPort = await freePort();
  const simulator = await startChildService({
    name: 'stripe-simulator',
    entry: programs['stripe-simulator'],
    args: ['--port', String(simulatorPort), ...(options.stripeSimulatorArgs ?? [])],
    env,
    log,
    reaper,
  });
  parts.push(() => simulator.stop());
  const stripeBase = `http://127.0.0.1:${simulatorPort}`;
  const toHosts = (text: string) =>
    text
      .replaceAll('postgres:5432', `127.0.0.1:${postgres.port}`)
      .replaceAll('temporal:7233', temporal.address);
  const databaseUrl = toHosts(`postgres://billing:${password}@postgres:5432/durable_billing`);
  const stripe = await prepareDatabase(databaseUrl, stripeBase, file);
  const whole: StackFile = {
    ...file,
    databaseUrl,
    temporalAddress: temporal.address,
    temporalNamespace: 'billing',
    stripe: { apiBase: stripeBase, ...stripe },
  };

  /** The environment of a service of the compose file, with hosts that are there. */
  const environmentOf = (name: 'api' | 'worker', buildId: string, ports: Environment): Environment => {
    const compose = readComposeFile({ ...secrets, ...stripeEnvironment(whole), WORKER_BUILD_ID: buildId });
    const given = Object.entries(serviceOf(compose, name).environment ?? {});
    return {
      ...env,
      ...Object.fromEntries(given.map(([key, value]) => [key, toHosts(value)])),
      HOST: '127.0.0.1',
      STRIPE_API_BASE: stripeBase,
      // A container has all ports to itself.
      ...ports,
    };
  };
  const processOf = (name: string, kind: 'api' | 'worker', env: Environment): ReplaceableProcess => {
    const service = { name, entry: programs[kind], env, log, reaper };
    const process = new ReplaceableProcess(name, () =>
      startChildService({ ...service, graceMs: STOP_GRACE_MS, readyTimeoutMs: 120_000 }),
    );
    parts.push(() => process.stop());
    return process;
  };
  const startWorkers = async (count: number, buildId: string): Promise<ReplaceableProcess[]> => {
    const processes: ReplaceableProcess[] = [];
    for (const number of numbered(count)) {
      const ports = { WORKER_METRICS_PORT: String(await freePort()) };
      const env = environmentOf('worker', buildId, ports);
      const process = processOf(`worker ${buildId} ${number}`, 'worker', env);
      await process.start();
      processes.push(process);
    }
    return processes;
  };

  const apis: ReplaceableProcess[] = [];
  for (const [index, port] of apiPorts.entries()) {
    const env = environmentOf('api', options.buildId, { PORT: String(port) });
    const api = processOf(`api ${index + 1}`, 'api', env);
    await api.start();
    apis.push(api);
  }
  const workers = await startWorkers(options.workers, options.buildId);
  const loadBalancer = options.apis > 1 ? await startLoadBalancer(apiPorts, publicPort) : null;
  parts.push(async () => await loadBalancer?.stop());
  return {
    file: whole,
    dataConverter: dataConverterOf(parseEnvironment(secrets).TEMPORAL_CODEC_KEYS ?? []),
    loadBalancer,
    pids: { temporal: temporal.pid, postgres: postgres.pid, simulator: simulator.pid },
    apis,
    workers,
    startWorkers,
  };
}

/** What is not known yet, for parts that don't need it. */
const PENDING = { STRIPE_TEST_SECRET_KEY: 'pending' };

const numbered = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

function serviceOf(compose: ComposeFile, name: string) {
  const service = compose.services[name];
  if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return service;
}

function maxConnectionsOf(compose: ComposeFile): number {
  const setting = serviceOf(compose, 'postgres').command?.find((each) => each.startsWith('max_connections='));
  return Number(setting?.split('=')[1] ?? 100);
}

/** As the image's POSTGRES_USER: a superuser that owns the database. */
async function createRole(adminUrl: string, password: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(`CREATE ROLE billing SUPERUSER LOGIN PASSWORD '${password}'`);
    await client.query('ALTER DATABASE durable_billing OWNER TO billing');
  } finally {
    await client.end();
  }
}

async function prepareDatabase(
  databaseUrl: string,
  stripeBase: string,
  file: StackFile,
): Promise<Pick<StackFile['stripe'], 'live' | 'test'>> {
  const db = openDatabase(databaseUrl, { maxConnections: 2 });
  try {
    await migrateToLatest(db);
    await saveApiKey(db, { mode: 'live', name: 'drill', apiKey: file.apiKey });
    await saveApiKey(db, { mode: 'test', name: 'drill', apiKey: file.testApiKey });
    for (const mode of MODES) await saveCluster(db, { mode, clusterId: `cluster-${mode}`, capacity: PLACES });
    return await setUpSimulatedStripe(db, stripeBase, file.apiUrl, undefined);
  } finally {
    await db.destroy();
  }
}

function newStackFile(apiUrl: string): StackFile {
  return {
    apiUrl,
    databaseUrl: '',
    temporalAddress: '',
    temporalNamespace: '',
    temporalUiUrl: null,
    stripe: { apiBase: null, live: null, test: null },
    ...newStackSecrets(),
  };
}
