import { mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from './errors.ts';
import type { Log } from './log.ts';
import { isRunning } from './processes.ts';

// A number in a file may belong to a stranger after a restart: a holder that lives also touches its lock.
const TOUCH_MS = 2_000;
const ABANDONED_AFTER_MS = 15_000;

/**
 * Lets one process after the other do a long piece of work, so that the second finds it done. A lock whose holder is
 * gone is taken over. It saves work and is not what correctness hangs on: the work itself must bear being done twice.
 */
export async function withLock<T>(file: string, what: string, log: Log, work: () => Promise<T>): Promise<T> {
  await mkdir(path.dirname(file), { recursive: true });
  for (let waiting = false; !(await tryLock(file)); waiting = true) {
    const holder = Number(await readFile(file, 'utf8').catch(() => ''));
    if (await isAbandoned(file, holder)) {
      await rm(file, { force: true });
      continue;
    }
    if (!waiting) log(`waiting for another process (${holder || 'just started'}) that is ${what}`);
    await sleep(500);
  }
  const touching = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => undefined);
  }, TOUCH_MS);
  try {
    return await work();
  } finally {
    clearInterval(touching);
    await rm(file, { force: true });
  }
}

async function isAbandoned(file: string, holder: number): Promise<boolean> {
  const touchedAt = await stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => Date.now(),
  );
  if (Date.now() - touchedAt > ABANDONED_AFTER_MS) return true;
  // Without a number: a holder that has yet to write it.
  return holder !== 0 && !(await isRunning(holder));
}

async function tryLock(file: string): Promise<boolean> {
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}
