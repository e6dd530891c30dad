import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { cacheDirectory, inheritedEnvironment } from '../../config/machine.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/search-attributes.ts';
import { type BuiltPrograms, buildProgramsForNow } from '../../stack/build-programs.ts';
import { onFreePort } from '../../stack/ports.ts';
import { startPostgres } from '../../stack/postgres.ts';
import { startReaper } from '../../stack/reaper.ts';
import { findTemporalBinary } from '../../stack/temporal-binary.ts';
import { startTemporalServer } from '../../stack/temporal-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Of the maintenance database: a suite creates a database of its own with it. */
    postgresUrl: string;
    /** `host:port` of a Temporal server with the namespace `default` and our search attributes. */
    temporalAddress: string;
    /** Our programs and all workflow code, built once: a test that starts them does not translate them from TypeScript anew. */
    programs: BuiltPrograms;
  }
}

const silent = (): void => undefined;

/**
 * One PostgreSQL and one Temporal server for the whole run, in a folder that is deleted afterwards. A part that can't
 * be had fails the run: there is no test without it that would be worth its name.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const reaper = startReaper();
  const folder = await mkdtemp(path.join(tmpdir(), 'durable-billing-test-'));
  reaper.directory(folder);
  // PostgreSQL runs as a user of its own if we are root, and must be able to walk in.
  await chmod(folder, 0o755);

  const env = inheritedEnvironment();
  const settled = await Promise.allSettled([
    onFreePort((port) =>
      startPostgres({ dataDir: folder, port, durability: 'off', maxConnections: 300, log: silent, reaper }),
    ),
    findTemporalBinary({ cacheDir: cacheDirectory(), env, log: console.error, reaper }).then((binary) =>
      onFreePort((port) =>
        startTemporalServer({
          binary,
          port,
          namespace: 'default',
          searchAttributes: SEARCH_ATTRIBUTES,
          env,
          log: silent,
          reaper,
        }),
      ),
    ),
    buildProgramsForNow(reaper),
  ]);
  const [postgres, temporal, programs] = settled;
  if (postgres.status === 'rejected' || temporal.status === 'rejected' || programs.status === 'rejected') {
    await reaper.close();
    throw settled.find((part) => part.status === 'rejected')?.reason;
  }
  project.provide('postgresUrl', postgres.value.adminUrl);
  project.provide('temporalAddress', temporal.value.address);
  project.provide('programs', programs.value);
  // Ends both servers and deletes the folder: they are registered with it.
  return () => reaper.close();
}
