import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Environment } from './program.ts';
import type { Reaper } from './reaper.ts';

const run = promisify(execFile);

/** The first program of that name on PATH that may be executed. */
export async function findOnPath(name: string, env: Environment): Promise<string | undefined> {
  for (const folder of (env['PATH'] ?? '').split(path.delimiter)) {
    const file = path.join(folder, name);
    if (folder !== '' && (await isExecutable(file))) return file;
  }
  return undefined;
}

/** Whether it is a file that may be executed. */
export async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

/** What a program prints when it is run. Throws if it fails or takes longer than 10 s. */
export async function outputOf(file: string, args: readonly string[], env: Environment): Promise<string> {
  const { stdout } = await run(file, args, { env: { ...env }, timeout: 10_000, killSignal: 'SIGKILL' });
  return stdout.trim();
}

const UNFINISHED = '.unfinished-';
const ABANDONED_AFTER_MS = 60 * 60 * 1000;

/**
 * Does work in a folder of its own beside where the result is to be, so that the result can be renamed into place
 * when it is complete. The folder is deleted afterwards; one that a killed process left is deleted by a later one.
 */
export async function inScratchFolder<T>(
  parent: string,
  reaper: Reaper | undefined,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  await mkdir(parent, { recursive: true });
  await deleteAbandoned(parent);
  const folder = path.join(parent, `${UNFINISHED}${randomBytes(6).toString('hex')}`);
  const registration = reaper?.directory(folder);
  await mkdir(folder);
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
    registration?.release();
  }
}

async function deleteAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(UNFINISHED)) continue;
    const folder = path.join(parent, name);
    const age =
      Date.now() -
      (await stat(folder)
        .catch(() => undefined)
        .then((it) => it?.mtimeMs ?? Date.now()));
    if (age > ABANDONED_AFTER_MS) await rm(folder, { recursive: true, force: true });
  }
}
