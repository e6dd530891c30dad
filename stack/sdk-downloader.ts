import { readdir, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { inScratchFolder, isExecutable } from './executables.ts';
import { nodeProgram } from './node-program.ts';
import { startProgram } from './program.ts';
import type { FindOptions } from './sources.ts';

/** How long nothing may arrive. Without internet it fails at once; a network that swallows packets ends here. */
const SILENCE_MS = 20_000;

/**
 * Has the SDK download a server, and moves it to where it is kept.
 *
 * @returns `target`
 * @throws Error saying why there is none, in one line
 */
export async function downloadWithSdk(
  kind: 'dev-server' | 'time-skipping',
  target: string,
  { env, log, reaper }: FindOptions,
): Promise<string> {
  return inScratchFolder(path.dirname(target), reaper, async (folder) => {
    const script = fileURLToPath(new URL('./sdk-download.ts', import.meta.url));
    const program = await startProgram({
      name: 'the download',
      ...nodeProgram(script, [kind, folder]),
      env,
      graceMs: 1_000,
      log: () => undefined,
      reaper,
    });
    let silent = false;
    const watch = watchGrowth(folder, log, () => {
      silent = true;
      void program.stop();
    });
    const { code } = await program.exited.finally(() => clearInterval(watch));
    if (silent) throw new Error(`nothing arrived for ${SILENCE_MS / 1000} s`);
    if (code !== 0) throw new Error(reasonFor(program.lastLines()));
    await rename(await onlyExecutable(folder), target);
    return target;
  });
}

/** Tells how much has arrived, and calls `onSilence` when nothing more does. */
function watchGrowth(folder: string, log: (line: string) => void, onSilence: () => void): NodeJS.Timeout {
  let size = 0;
  let grewAt = Date.now();
  let toldAt = Date.now();
  const look = async (): Promise<void> => {
    const now = await sizeOf(folder);
    if (now > size) grewAt = Date.now();
    size = now;
    if (Date.now() - grewAt > SILENCE_MS) onSilence();
    if (size > 0 && Date.now() - toldAt > 5_000) {
      toldAt = Date.now();
      log(`downloading: ${(size / 1e6).toFixed(0)} MB so far`);
    }
  };
  return setInterval(() => void look(), 1_000);
}

async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = names.map((name) =>
    stat(path.join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** The SDK names its download after the server, itself and its version; the folder holds nothing else. */
async function onlyExecutable(folder: string): Promise<string> {
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    if (!name.endsWith('.downloading') && (await isExecutable(file))) return file;
  }
  throw new Error('the SDK left no program in its download folder');
}

function reasonFor(output: string): string {
  // The SDK repeats the address at every level of the cause.
  return output
    .replaceAll(/(?:error sending request for url )?\(https?:[^)]*\):? ?/g, '')
    .replaceAll('\n', '; ');
}
