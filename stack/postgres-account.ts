import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { StackError } from './errors.ts';
import type { Log } from './log.ts';

const run = promisify(execFile);
const USER = 'postgres';

/** The user PostgreSQL runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/**
 * PostgreSQL refuses to run as root. For root, this is the system's user `postgres`, created if there is none (as
 * the system's own PostgreSQL package would); for anybody else undefined: it then runs as who we are.
 *
 * @throws StackError `start_failed` if the user can't be created
 */
export async function postgresAccount(log: Log): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const existing = await lookUp();
  if (existing) return existing;
  log(`PostgreSQL can't run as root: creating the system user "${USER}" for it`);
  // Another suite may create it at the same moment: what counts is that it is there afterwards.
  const failure = await run('useradd', ['--system', '--user-group', '--no-create-home', USER]).then(
    () => undefined,
    (error: Error) => error,
  );
  const created = await lookUp();
  if (created) return created;
  throw new StackError(
    'start_failed',
    `PostgreSQL can't run as root, and the user "${USER}" for it could not be created (${failure?.message.trim() ?? 'unknown reason'}). ` +
      `Create that user, run this as a normal user, or set DATABASE_URL to a PostgreSQL of your own.`,
  );
}

async function lookUp(): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', USER]), run('id', ['-g', USER])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

/**
 * PostgreSQL must be able to walk into its folders. Checks every folder above, because PostgreSQL itself would only
 * say "Permission denied" or, worse, "No such file or directory".
 *
 * @throws StackError `folder_unusable` that names the folder in the way and how to open it
 */
export async function assertReachable(folder: string, account: Account, what: string): Promise<void> {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    const { mode, uid, gid } = await stat(at);
    const walkable =
      (mode & 0o001) !== 0 || (uid === account.uid && mode & 0o100) || (gid === account.gid && mode & 0o010);
    if (!walkable) {
      throw new StackError(
        'folder_unusable',
        `PostgreSQL can't run as root and so runs as the user "${USER}", who may not enter ${at} ` +
          `(mode ${(mode & 0o777).toString(8)}) on the way to ${what}. Open it with "chmod o+x ${at}", ` +
          'set DATA_DIR to (and clone into) a folder that is open, or run this as a normal user.',
      );
    }
    if (at === path.dirname(at)) return;
  }
}
