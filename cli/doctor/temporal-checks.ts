import type { Client } from '@temporalio/client';
import { type Check, check, type Finding, ok, problem, warning } from '../../api/health/check.ts';
import { checkTemporal, MEND_TEMPORAL } from '../../api/health/temporal-checks.ts';
import { retentionMsOf, serverVersionOf } from '../../api/temporal/health.ts';
import { listStuckWorkflows } from '../../api/temporal/stuck-workflows.ts';
import { DAY_MS } from '../../domain/days.ts';
import { MODES } from '../../domain/mode.ts';
import { isOlder, NEWEST_TRIED_TEMPORAL_SERVER, OLDEST_TEMPORAL_SERVER } from '../../domain/versions.ts';
import type { Area, DoctorParts } from './parts.ts';

/** An operator who comes back after a week still sees what has happened. */
const KEEPS_AT_LEAST_DAYS = 7;
/** Named in one sentence; the rest is counted. */
const NAMED_WORKFLOWS = 3;
/** Older servers are asked about each workflow. */
const STUCK_DEADLINE_MS = 15_000;

/** The server, the namespace with all that is in it, the workers, the Schedules, and what stands still. */
export async function checkTemporalServer(parts: DoctorParts): Promise<Area> {
  const { temporal, isTemporalEmbedded } = parts;
  const modes = MODES.filter((mode) => parts.stripe[mode] !== null);
  const own = [
    check({ id: 'temporal_version', mend: MEND_TEMPORAL }, async () =>
      serverFinding(await serverVersionOf(temporal)),
    ),
    check({ id: 'retention', mend: MEND_TEMPORAL }, async () =>
      retentionFinding(await retentionMsOf(temporal), {
        isTemporalEmbedded,
        namespace: temporal.options.namespace,
      }),
    ),
    checkStuckWorkflows(temporal),
  ];
  const [shared, added] = await Promise.all([checkTemporal({ temporal, modes }), Promise.all(own)]);
  return { name: 'Temporal', checks: [...shared, ...added] };
}

/** @param version as the server tells it, such as `1.29.1`. */
export function serverFinding(version: string): Finding {
  const oldest = OLDEST_TEMPORAL_SERVER;
  const newest = NEWEST_TRIED_TEMPORAL_SERVER;
  if (isOlder(version, oldest))
    return problem(
      `It is server ${version}, without update-with-start.`,
      `Upgrade it to ${newest}; ${oldest} at least.`,
    );
  const minor = version.split('.').slice(0, 2).join('.');
  if (isOlder(newest, minor))
    return warning(
      `It is server ${version}, newer than any that this version was tried with (${newest}).`,
      `Upgrade this project to a version that names it, or keep the server at ${newest}.`,
    );
  return ok(`It is server ${version}; ${oldest} to ${newest} are known to work.`);
}

/**
 * @param retentionMs how long the namespace keeps what has ended. Too short is a warning only: nothing of billing hangs on it, but an
 * operator no longer sees what has happened. The embedded server is for trying things out, and always well.
 */
export function retentionFinding(
  retentionMs: number,
  { isTemporalEmbedded, namespace }: { readonly isTemporalEmbedded: boolean; readonly namespace: string },
): Finding {
  const days = Math.floor(retentionMs / DAY_MS);
  const finding = `What has ended is forgotten after ${days === 1 ? '1 day' : `${days} days`}.`;
  if (isTemporalEmbedded || days >= KEEPS_AT_LEAST_DAYS) return ok(finding);
  return warning(
    finding,
    `Keep it longer: "temporal operator namespace update -n ${namespace} --retention 30d".`,
  );
}

async function checkStuckWorkflows(temporal: Client): Promise<Check> {
  return await check(
    { id: 'stuck_workflows', mend: MEND_TEMPORAL, deadlineMs: STUCK_DEADLINE_MS },
    async () => {
      const { stuck, lookedAt } = await listStuckWorkflows(temporal);
      if (stuck.length === 0)
        return ok(
          lookedAt === 'all'
            ? 'No workflow stands still.'
            : `None of the newest ${lookedAt} workflows stands still.`,
        );
      const named = stuck.slice(0, NAMED_WORKFLOWS).join(', ');
      const more = stuck.length > NAMED_WORKFLOWS ? `, and ${stuck.length - NAMED_WORKFLOWS} more` : '';
      return problem(
        `${stuck.length === 1 ? '1 workflow stands' : `${stuck.length} workflows stand`} still, since code fails that runs it: ${named}${more}.`,
        'See the failure in the Temporal Web UI, and deploy workers whose code its history can follow (docs/operations.md, "Changing workflow code").',
      );
    },
  );
}
