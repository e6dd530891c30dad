import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { hasCode, StackError } from './errors.ts';
import type { Log } from './log.ts';
import { PortTakenError } from './ports.ts';
import { assertReachable, postgresAccount } from './postgres-account.ts';
import { ensureCluster, SUPERUSER } from './postgres-cluster.ts';
import { postgresPrograms } from './postgres-programs.ts';
import { commandLineOf } from './processes.ts';
import { describeExit, type Exit, type OnSpawn, type Program, startProgram } from './program.ts';
import type { Reaper } from './reaper.ts';

/** The database the service uses. */
const DATABASE = 'durable_billing';

/** Of the embedded server; one that the environment names (`DATABASE_URL`) is never started here. */
export interface PostgresOptions {
  /** Kept between runs. Holds the cluster and the random password of its superuser. Created if it is missing. */
  readonly dataDir: string;
  /** Listened on at 127.0.0.1 only. */
  readonly port: number;
  /** `off` for throw-away data: several times faster, and a power cut may corrupt it. Default `full`. */
  readonly durability?: 'full' | 'off' | undefined;
  /** Default 100. */
  readonly maxConnections?: number | undefined;
  readonly log: Log;
  readonly reaper?: Reaper | undefined;
  readonly onSpawn?: OnSpawn | undefined;
}

/** A running PostgreSQL. */
export interface Postgres extends AsyncDisposable {
  /** Of the database `durable_billing`, with user and password. A secret. */
  readonly url: string;
  /** Of the maintenance database `postgres`, from which others can be created. A secret. */
  readonly adminUrl: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when it has ended, wanted or not. */
  readonly exited: Promise<Exit>;
  /** A fast shutdown: open transactions are rolled back, what was committed is on disk. */
  stop(): Promise<void>;
}

/**
 * Starts the embedded PostgreSQL on a data folder, which is initialised at the first time. What an earlier run that
 * was killed left there does not matter.
 *
 * @throws PortTakenError if somebody listens there
 * @throws StackError `folder_unusable`, `start_failed` or `part_unavailable`
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { port, log, reaper } = options;
  const dataDir = path.resolve(options.dataDir);
  const durable = options.durability !== 'off';
  const programs = await postgresPrograms();
  const account = await postgresAccount(log);
  if (account) await assertReachable(path.dirname(programs.postgres), account, 'its own programs');
  const { folder, password } = await ensureCluster({ dataDir, programs, account, durable, log, reaper });
  await waitForEarlierServer(folder);

  const program = await startProgram({
    name: 'PostgreSQL',
    command: programs.postgres,
    args: ['-D', folder, ...flags(port, durable, options.maxConnections ?? 100)],
    env: { LC_ALL: 'C' },
    cwd: dataDir,
    account,
    stopSignal: 'SIGINT',
    graceMs: 15_000,
    log,
    reaper,
    onSpawn: options.onSpawn,
  });
  const urlOf = (database: string): string =>
    `postgres://${SUPERUSER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
  try {
    await waitUntilReady(program, folder, port);
    await createDatabase(urlOf('postgres'));
  } catch (error) {
    await program.stop();
    throw error;
  }
  const stop = async (): Promise<void> => {
    await program.stop();
  };
  return {
    url: urlOf(DATABASE),
    adminUrl: urlOf('postgres'),
    port,
    pid: program.pid,
    exited: program.exited,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function flags(port: number, durable: boolean, maxConnections: number): string[] {
  const settings: Record<string, string | number> = {
    port,
    listen_addresses: '127.0.0.1',
    // No socket file: nothing to be left in the folder for temporary files, no length limit on its path.
    unix_socket_directories: '',
    max_connections: maxConnections,
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** How long a server that was told to stop may take, and a database to recover after a crash. */
const SETTLE_MS = 20_000;
const READY_MS = 120_000;

/**
 * After a SIGKILL of ours the reaper may still be stopping the server on these data; then a `postmaster.pid` may be
 * left whose number belongs to a stranger by now, which PostgreSQL would take for a server that runs.
 */
async function waitForEarlierServer(folder: string): Promise<void> {
  const pidFile = path.join(folder, 'postmaster.pid');
  for (const deadline = Date.now() + SETTLE_MS; ; await sleep(50)) {
    const pid = Number((await linesOf(pidFile))[0]);
    if (!pid) return;
    const command = await commandLineOf(pid);
    if (!command?.includes(folder)) return rm(pidFile, { force: true });
    if (Date.now() > deadline) {
      throw new StackError(
        'start_failed',
        `A PostgreSQL (process ${pid}) runs on ${folder} already. Stop what started it (another "npm start"?), ` +
          `end it with "kill -INT ${pid}", or set DATA_DIR to another folder.`,
      );
    }
  }
}

/** Reads the server's state where pg_ctl does: the eighth line of its `postmaster.pid`. */
async function waitUntilReady(program: Program, folder: string, port: number): Promise<void> {
  for (const deadline = Date.now() + READY_MS; Date.now() < deadline; await sleep(20)) {
    const { exit } = program;
    if (exit) {
      if (/could not bind|address already in use/i.test(program.lastLines())) {
        throw new PortTakenError(port, 'POSTGRES_PORT');
      }
      throw new StackError(
        'start_failed',
        `PostgreSQL ended while it was starting (${describeExit(exit)}):\n${program.lastLines()}`,
      );
    }
    const lines = await linesOf(path.join(folder, 'postmaster.pid'));
    if (Number(lines[0]) === program.pid && lines[7]?.trim() === 'ready') return;
  }
  throw new StackError('start_failed', `PostgreSQL did not get ready in time:\n${program.lastLines()}`);
}

async function createDatabase(adminUrl: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  // What was asked fails when the connection breaks; the event as such would end this process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

async function linesOf(file: string): Promise<string[]> {
  try {
    return (await readFile(file, 'utf8')).split('\n');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}
