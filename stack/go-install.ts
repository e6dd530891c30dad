import { rename } from 'node:fs/promises';
import path from 'node:path';
import { findOnPath, inScratchFolder } from './executables.ts';
import type { Log } from './log.ts';
import { describeExit, startProgram } from './program.ts';
import type { FindOptions } from './sources.ts';

const PROGRESS_MS = 10_000;

/**
 * Builds a program from its Go module with `go install`. The first time it takes minutes, and says every ten seconds
 * how far it is; afterwards Go's own caches make it seconds.
 *
 * @param module with its version: `example.org/cmd/program@v1.2.3`
 * @param target where the program is put when it is complete
 * @returns `target`
 * @throws Error saying why it could not be built
 */
export async function goInstall(module: string, target: string, options: FindOptions): Promise<string> {
  const { env, log, reaper } = options;
  const go = await findOnPath('go', env);
  if (go === undefined) throw new Error('there is no "go" on PATH');

  return inScratchFolder(path.dirname(target), reaper, async (folder) => {
    log(`building ${module} with Go: this takes a few minutes the first time`);
    const progress = reportProgress(log);
    const build = await startProgram({
      name: 'go install',
      command: go,
      // -v names each package; without symbols (-s -w) the program is a third smaller.
      args: ['install', '-v', '-ldflags=-s -w', module],
      env: { ...env, GOBIN: folder },
      // A folder that can't be inside a Go module of somebody else's.
      cwd: folder,
      wholeGroup: true,
      graceMs: 2_000,
      log: progress.onLine,
      reaper,
    });
    const exit = await build.exited.finally(progress.stop);
    if (exit.code !== 0) {
      const reason = build.lastLines().split('\n').slice(-3).join('; ');
      throw new Error(`"go install ${module}" ended with ${describeExit(exit)}: ${reason}`);
    }
    const name = module.slice(module.lastIndexOf('/') + 1).replace(/@.*/, '');
    await rename(path.join(folder, name), target);
    log(`built ${module} in ${progress.elapsed()}`);
    return target;
  });
}

function reportProgress(log: Log): { onLine: Log; stop: () => void; elapsed: () => string } {
  const startedAt = Date.now();
  let downloaded = 0;
  let compiled = 0;
  let current = 'starting';
  const elapsed = (): string => {
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  };
  const timer = setInterval(() => {
    log(
      `building with Go, ${elapsed()}: ${downloaded} modules downloaded, ${compiled} packages compiled; ${current}`,
    );
  }, PROGRESS_MS);
  return {
    onLine: (line) => {
      const download = /^go: downloading (.*)/.exec(line);
      if (download) downloaded++;
      else compiled++;
      current = download ? `downloading ${download[1]}` : `compiling ${line}`;
    },
    stop: () => clearInterval(timer),
    elapsed,
  };
}
