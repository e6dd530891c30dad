import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { hasCode, StackError } from './errors.ts';
import type { Log } from './log.ts';
import { type Account, assertReachable } from './postgres-account.ts';
import type { PostgresPrograms } from './postgres-programs.ts';
import { describeExit, startProgram } from './program.ts';
import type { Reaper } from './reaper.ts';

/** The superuser of the cluster, and the only user it has. */
export const SUPERUSER = 'postgres';

/** Where the cluster is or is to be, and who runs its programs: `account` is undefined where that may be ourselves. */
export interface ClusterOptions {
  readonly dataDir: string;
  readonly programs: PostgresPrograms;
  readonly account: Account | undefined;
  /** False spares a throw-away cluster the wait for the disk. */
  readonly durable: boolean;
  readonly log: Log;
  readonly reaper?: Reaper | undefined;
}

/** An initialised cluster: PostgreSQL's own folder, and the password of its superuser. */
export interface Cluster {
  readonly folder: string;
  readonly password: string;
}

/**
 * Finds the cluster in a data folder, or initialises one: `cluster/`, which is PostgreSQL's own, and beside it
 * `password`, for our eyes only. The cluster is made under another name and renamed when it is complete, so that an
 * initialise that was interrupted is begun anew and never started.
 *
 * @throws StackError `folder_unusable` or `start_failed`
 */
export async function ensureCluster(options: ClusterOptions): Promise<Cluster> {
  const { dataDir, account } = options;
  const folder = path.join(dataDir, 'cluster');
  await mkdir(dataDir, { recursive: true });
  if (account) await assertReachable(dataDir, account, `its data in ${dataDir}`);

  const owner = await ownerOf(folder);
  if (owner === undefined) return initialise(options, folder);

  const expectedOwner = account?.uid ?? process.getuid?.() ?? owner;
  if (owner !== expectedOwner) {
    throw new StackError(
      'folder_unusable',
      `${folder} belongs to user ${owner}, but PostgreSQL is to run as user ${expectedOwner}: ` +
        'it was made by somebody else, or as root. Run this as before, or set DATA_DIR to another folder.',
    );
  }
  const password = await readPassword(dataDir);
  if (password === undefined) {
    throw new StackError(
      'folder_unusable',
      `${passwordFile(dataDir)} is missing, and without it nobody can log in to the database beside it. ` +
        `Put it back, or delete ${dataDir} to begin with an empty database.`,
    );
  }
  return { folder, password };
}

async function initialise(options: ClusterOptions, folder: string): Promise<Cluster> {
  const { dataDir, programs, account, log, reaper } = options;
  const staging = `${folder}.unfinished`;
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { mode: 0o700 });

  const password = (await readPassword(dataDir)) ?? randomBytes(24).toString('base64url');
  await writeFile(passwordFile(dataDir), password, { mode: 0o600 });
  // A copy the account of PostgreSQL may read, for as long as initdb runs.
  const passwordForInitdb = path.join(dataDir, 'password.unfinished');
  await rm(passwordForInitdb, { force: true });
  await writeFile(passwordForInitdb, password, { mode: 0o600 });
  if (account) {
    await chown(staging, account.uid, account.gid);
    await chown(passwordForInitdb, account.uid, account.gid);
  }

  const initdb = await startProgram({
    name: 'initdb',
    command: programs.initdb,
    // The built-in locale provider sorts alike on every system, whatever locales are installed there.
    args: [
      `--pgdata=${staging}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordForInitdb}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
      '--no-instructions',
      ...(options.durable ? [] : ['--no-sync']),
    ],
    env: { LC_ALL: 'C' },
    cwd: dataDir,
    account,
    wholeGroup: true,
    log: () => undefined,
    reaper,
  });
  const exit = await initdb.exited;
  await rm(passwordForInitdb, { force: true });
  if (exit.code !== 0) {
    throw new StackError(
      'start_failed',
      `PostgreSQL could not initialise ${dataDir} (${describeExit(exit)}):\n${initdb.lastLines()}`,
    );
  }
  await rename(staging, folder);
  log(`initialised a new database in ${dataDir}`);
  return { folder, password };
}

const passwordFile = (dataDir: string): string => path.join(dataDir, 'password');

async function readPassword(dataDir: string): Promise<string | undefined> {
  try {
    return (await readFile(passwordFile(dataDir), 'utf8')).trim() || undefined;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** The user a complete cluster belongs to; undefined if there is none. */
async function ownerOf(folder: string): Promise<number | undefined> {
  try {
    return (await stat(path.join(folder, 'PG_VERSION'))).uid;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
