/**
 * Versions of the workers (`WORKER_BUILD_ID`), as Temporal keeps them: https://docs.temporal.io/worker-versioning. New work goes to the
 * version that is current. A close is pinned: it ends with the workers that it began with. A customer's workflow lives for years, so it
 * goes on with whatever is current, and changes of its code are patched.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, isGrpcServiceError } from '@temporalio/client';
import type { WorkerDeploymentOptions } from '@temporalio/worker';

/** What Temporal calls all versions of our workers together. */
const WORKER_DEPLOYMENT = 'durable-billing';

/** For the SDK: which version a worker is; workflows go on with the current one unless they say otherwise. */
export function deploymentOptions(buildId: string): WorkerDeploymentOptions {
  return {
    version: { deploymentName: WORKER_DEPLOYMENT, buildId },
    useWorkerVersioning: true,
    defaultVersioningBehavior: 'AUTO_UPGRADE',
  };
}

/** What a version is there for. Of one that is drained no worker is needed any more. */
export type WorkerVersionStatus = 'unused' | 'current' | 'ramping' | 'draining' | 'drained';

/** One version of the workers. */
export interface WorkerVersion {
  readonly buildId: string;
  readonly status: WorkerVersionStatus;
  /** Of the work that comes in, while it is `ramping`. */
  readonly percent: number | null;
  /** When it was first seen. */
  readonly createdAt: Date;
}

/** By Temporal's numbers: unspecified, inactive, current, ramping, draining, drained, created. */
const STATUSES = ['unused', 'unused', 'current', 'ramping', 'draining', 'drained', 'unused'] as const;

/** All versions, the newest first; none where no worker with a version has ever run. */
export async function listWorkerVersions({
  workflowService,
  options: { namespace },
}: Client): Promise<WorkerVersion[]> {
  const described = await workflowService
    .describeWorkerDeployment({ namespace, deploymentName: WORKER_DEPLOYMENT })
    .catch(noneIfNotFound);
  const { versionSummaries, routingConfig } = described?.workerDeploymentInfo ?? {};
  return (versionSummaries ?? [])
    .map(({ deploymentVersion, status, createTime }): WorkerVersion => {
      const of = STATUSES[status ?? 0] ?? 'unused';
      return {
        buildId: deploymentVersion?.buildId ?? '',
        status: of,
        percent: of === 'ramping' ? (routingConfig?.rampingVersionPercentage ?? 0) : null,
        createdAt: new Date(Number(createTime?.seconds ?? 0) * 1_000),
      };
    })
    .toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
}

/**
 * Sends all work that comes in to a version. What is pinned to another one stays there, and needs its workers until that is drained.
 *
 * @param patienceMs Temporal learns of each task queue by a worker's first poll, so one that has just started is waited for.
 * @throws ServiceError when Temporal refuses: no worker of that version runs, or it lacks a task queue that the current one has.
 */
export async function makeCurrent(client: Client, buildId: string, patienceMs = PATIENCE_MS): Promise<void> {
  const { workflowService, options } = client;
  const request = { namespace: options.namespace, deploymentName: WORKER_DEPLOYMENT, buildId };
  await onceKnown(patienceMs, () => workflowService.setWorkerDeploymentCurrentVersion(request));
}

/** Sends a share of the work that comes in to a version, to see how it does. Parameters and errors as of {@link makeCurrent}. */
export async function ramp(
  client: Client,
  buildId: string,
  percentage: number,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const { workflowService, options } = client;
  const request = { namespace: options.namespace, deploymentName: WORKER_DEPLOYMENT, buildId, percentage };
  await onceKnown(patienceMs, () => workflowService.setWorkerDeploymentRampingVersion(request));
}

/**
 * The first version there ever was is made current by its first worker: otherwise nothing would be done before somebody has read that it
 * must be. Every later one waits to be made current by a person or a deployment.
 *
 * @returns whether it is current now.
 * @throws ServiceError as {@link makeCurrent}
 */
export async function makeFirstCurrent(client: Client, buildId: string): Promise<boolean> {
  const versions = await listWorkerVersions(client);
  const current = versions.find(({ status }) => status === 'current');
  if (current === undefined) await makeCurrent(client, buildId);
  return current === undefined || current.buildId === buildId;
}

const PATIENCE_MS = 30_000;
/** What gRPC says of a deployment, a version or a task queue that is not there (yet). */
const [NOT_FOUND, FAILED_PRECONDITION] = [5, 9];

async function onceKnown(patienceMs: number, ask: () => Promise<unknown>): Promise<void> {
  for (const deadline = Date.now() + patienceMs; ; await sleep(200)) {
    try {
      await ask();
      return;
    } catch (error) {
      const code = codeOf(error);
      const isEarly = code === NOT_FOUND || code === FAILED_PRECONDITION;
      if (!isEarly || Date.now() > deadline) throw error;
    }
  }
}

/** gRPC's, of what Temporal has answered. */
function codeOf(error: unknown): number | undefined {
  return isGrpcServiceError(error) ? error.code : undefined;
}

function noneIfNotFound(error: unknown): undefined {
  if (codeOf(error) === NOT_FOUND) return undefined;
  throw error;
}
