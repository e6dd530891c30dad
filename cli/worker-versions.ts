import {
  listWorkerVersions,
  makeCurrent,
  ramp,
  type WorkerVersionStatus,
} from '../worker/worker-versions.ts';
import { say, table } from './console.ts';
import { type CliContext, UsageError } from './context.ts';

const MEANING: Readonly<Record<WorkerVersionStatus, string>> = {
  current: 'gets the work that comes in',
  ramping: 'gets some of the work that comes in',
  draining: 'closes that began with it still run: keep a worker of it',
  drained: 'its workers can go',
  unused: 'has got no work yet',
};

/** Prints which versions of the workers there are, and what each is there for. */
export async function showWorkerVersions(context: CliContext): Promise<void> {
  const versions = await context.withTemporal(listWorkerVersions);
  if (versions.length === 0) {
    say('Workers have no versions here: none with WORKER_BUILD_ID has run. Any worker takes any work.');
    return;
  }
  const rows = versions.map(({ buildId, status, percent, createdAt }) => [
    buildId,
    percent === null ? status : `${status}, ${percent} %`,
    createdAt.toISOString(),
    MEANING[status],
  ]);
  say(table([{ name: 'Version' }, { name: 'Status' }, { name: 'First seen' }, { name: '' }], rows));
}

/**
 * Sends the work that comes in, or a share of it, to a version of the workers.
 *
 * @throws UsageError when there is no such version, and with Temporal's words when it refuses, such as that no worker of it runs.
 */
export async function useWorkerVersion(
  context: CliContext,
  { buildId, percent }: { readonly buildId: string; readonly percent: number },
): Promise<void> {
  await context.withTemporal(async (temporal) => {
    const known = (await listWorkerVersions(temporal)).map((version) => version.buildId);
    if (!known.includes(buildId))
      throw new UsageError(
        `There is no version "${buildId}" of the workers; there are: ${known.join(', ') || 'none'}. Start one with WORKER_BUILD_ID=${buildId}.`,
      );
    await (percent === 100 ? makeCurrent(temporal, buildId) : ramp(temporal, buildId, percent)).catch(
      refused,
    );
  });
  await showWorkerVersions(context);
}

function refused(error: unknown): never {
  if (error instanceof Error && 'details' in error)
    throw new UsageError(`Temporal refuses: ${String(error.details)}`);
  throw error;
}
