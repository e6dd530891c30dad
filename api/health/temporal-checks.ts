import type { Client } from '@temporalio/client';
import type { Mode } from '../../domain/mode.ts';
import { type BillingSchedule, SCHEDULES } from '../../domain/schedules.ts';
import { describeNamespace } from '../temporal/calls.ts';
import { describeSchedule, lastPollOf, missingSearchAttributes, POLLED } from '../temporal/health.ts';
import { type Check, check, ok, problem, warning } from './check.ts';

const DEADLINE_MS = 2_000;
/** A worker that lives asks again after a minute at the latest. */
const POLLS_EVERY_MS = 90_000;
/** What to do when Temporal does not answer. */
export const MEND_TEMPORAL =
  'See that Temporal runs, and that TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE reach it from here.';

interface TemporalParts {
  readonly temporal: Client;
  /** Those that are used: a worker makes Schedules for each mode that has a Stripe key. */
  readonly modes: readonly Mode[];
}

/** Is Temporal there with all that billing needs of it, and does anybody do its work? */
export async function checkTemporal({ temporal, modes }: TemporalParts): Promise<Check[]> {
  const { namespace } = temporal.options;
  return await Promise.all([
    check({ id: 'temporal', mend: MEND_TEMPORAL }, async () => {
      await describeNamespace(temporal, DEADLINE_MS);
      return ok(`Temporal answers, and has the namespace "${namespace}".`);
    }),
    check({ id: 'search_attributes', mend: MEND_TEMPORAL }, async () => {
      const missing = await missingSearchAttributes(temporal);
      if (missing.length === 0) return ok('Customers and closes can be found by their search attributes.');
      return problem(
        `The namespace lacks ${missing.join(', ')}; workflows that set one stand still.`,
        'Start a worker that may register them, or register them by hand: "temporal operator search-attribute create".',
      );
    }),
    ...POLLED.map((polled) => checkWorkers(temporal, polled)),
    ...modes.flatMap((mode) => SCHEDULES.map((schedule) => checkSchedule(temporal, mode, schedule))),
  ]);
}

async function checkWorkers(temporal: Client, polled: (typeof POLLED)[number]): Promise<Check> {
  const { taskQueue, tasks } = polled;
  const kind = tasks === 'workflow' ? 'workflows' : 'activities';
  return await check({ id: `workers:${taskQueue}:${tasks}`, mend: MEND_TEMPORAL }, async () => {
    const lastPoll = await lastPollOf(temporal, polled);
    const mend = 'Start a worker, and see in its log why the last one has ended.';
    if (lastPoll === null) return problem(`No worker takes ${kind} of "${taskQueue}".`, mend);
    const agoMs = Math.max(0, Date.now() - lastPoll.getTime());
    const finding = `A worker asked for ${kind} of "${taskQueue}" ${Math.round(agoMs / 1_000)} s ago.`;
    return agoMs <= POLLS_EVERY_MS ? ok(finding) : problem(finding, mend);
  });
}

async function checkSchedule(
  temporal: Client,
  mode: Mode,
  { name, scheduleId, cron }: BillingSchedule,
): Promise<Check> {
  const restart = `Start a worker that has the Stripe key of ${mode} mode: it makes the Schedule as it should be.`;
  return await check({ id: `schedule:${name}`, mode, mend: MEND_TEMPORAL }, async () => {
    const id = scheduleId(mode);
    const described = await describeSchedule(temporal, id);
    if (described === null) return problem(`There is no Schedule ${id}.`, restart);
    const { isPaused, nextRunAt, runs } = described;
    if (runs !== `${cron} UTC`) return problem(`${id} runs at "${runs}", not at "${cron} UTC".`, restart);
    if (isPaused)
      return warning(
        `${id} is paused.`,
        'Unpause the Schedule in the Temporal Web UI, and back-fill what it has missed.',
      );
    return ok(`${id} runs next at ${nextRunAt?.toISOString() ?? 'no time that Temporal knows'}.`);
  });
}
