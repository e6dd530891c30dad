import { mkdir, mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPrograms } from '../stack/build-programs.ts';
import { startReaper } from '../stack/reaper.ts';
import type { Programs } from '../stack/stack.ts';

/** Within the project, so that its packages are found from there. */
const CACHE = fileURLToPath(new URL('../node_modules/.cache/durable-billing', import.meta.url));

/**
 * Our programs built ahead, as they are: a program that is killed hundreds of times is not to be translated from TypeScript at each
 * start, nor the worker's workflow code bundled. They are deleted in the end, whatever the end is.
 */
export async function buildProgramsForNow(): Promise<Programs & AsyncDisposable> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(path.join(CACHE, 'built-'));
  const reaper = startReaper();
  reaper.directory(folder);
  const { api, worker, 'stripe-simulator': simulator } = await buildPrograms(folder);
  return {
    api,
    worker,
    'Stripe simulator': simulator,
    [Symbol.asyncDispose]: () => reaper.close(),
  };
}
