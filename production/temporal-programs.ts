import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { findOnPath, isExecutable } from '../stack/executables.ts';
import { goInstall } from '../stack/go-install.ts';
import { withLock } from '../stack/lock.ts';
import type { FindOptions } from '../stack/sources.ts';

/** Temporal's own programs of one release, as its container images have them. */
export interface TemporalPrograms {
  readonly server: string;
  /** `temporal-sql-tool`. */
  readonly sqlTool: string;
  /** In the images `/etc/temporal/schema`. */
  readonly schemaFolder: string;
}

const MODULE = 'go.temporal.io/server';

/**
 * Builds the release that docker-compose.yml runs, with Go, some ten minutes the first time; then it is kept.
 *
 * @param version such as `1.32.0`.
 * @throws Error when there is no Go, or it can't be built.
 */
export async function findTemporalPrograms(version: string, options: FindOptions): Promise<TemporalPrograms> {
  const { cacheDir, log, env } = options;
  const go = await findOnPath('go', env);
  if (go === undefined)
    throw new Error(`Temporal's server ${version} is built with Go: install it (https://go.dev/doc/install)`);
  const built = async (command: string, name: string): Promise<string> => {
    const kept = path.join(cacheDir, 'bin', `${name}-${version}`);
    return await withLock(`${kept}.lock`, `building ${name}`, log, async () =>
      (await isExecutable(kept)) ? kept : goInstall(`${MODULE}/cmd/${command}@v${version}`, kept, options),
    );
  };
  return {
    server: await built('server', 'temporal-server'),
    sqlTool: await built('tools/sql', 'temporal-sql-tool'),
    schemaFolder: path.join(await moduleFolder(go, version, env), 'schema'),
  };
}

async function moduleFolder(go: string, version: string, env: FindOptions['env']): Promise<string> {
  const { stdout } = await promisify(execFile)(go, ['mod', 'download', '-json', `${MODULE}@v${version}`], {
    env: { ...env },
  });
  return z.object({ Dir: z.string() }).parse(JSON.parse(stdout)).Dir;
}
