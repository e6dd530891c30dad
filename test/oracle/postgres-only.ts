import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { onFreePort } from '../../stack/ports.ts';
import { startPostgres } from '../../stack/postgres.ts';
import { startReaper } from '../../stack/reaper.ts';

/** What the oracle needs of test/support/global-setup.ts, in a few seconds less. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const reaper = startReaper();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'durable-billing-oracle-'));
  reaper.directory(dataDir);
  // PostgreSQL runs as a user of its own if we are root, and must be able to walk in.
  await chmod(dataDir, 0o755);
  try {
    const log = (): void => undefined;
    const postgres = await onFreePort((port) =>
      startPostgres({ dataDir, port, durability: 'off', maxConnections: 100, log, reaper }),
    );
    project.provide('postgresUrl', postgres.adminUrl);
  } catch (error) {
    await reaper.close();
    throw error;
  }
  return () => reaper.close();
}
