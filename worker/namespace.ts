import {
  type Client,
  type Connection,
  isGrpcDeadlineError,
  ScheduleAlreadyRunning,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import type { Logger } from 'pino';
import type { Mode } from '../domain/mode.ts';
import { type BillingSchedule, SCHEDULES } from '../domain/schedules.ts';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.ts';
import { BILLING_BATCH_TASK_QUEUE } from '../domain/task-queues.ts';
import { ensureSearchAttributes } from './search-attributes.ts';

/**
 * Registers the search attributes that workflows set. Where we may not (Temporal Cloud asks for its own tool), they must be
 * there already: workflows that set an unknown one don't proceed, so that is said loudly.
 */
export async function prepareSearchAttributes(
  connection: Connection,
  namespace: string,
  log: Logger,
): Promise<void> {
  try {
    await ensureSearchAttributes(connection, namespace, SEARCH_ATTRIBUTES);
  } catch (error) {
    log.warn(
      { err: error, needed: SEARCH_ATTRIBUTES },
      'could not register search attributes; make sure that they exist',
    );
  }
}

/** Temporal that has just started answers for Schedules later than for all else: workflows of its own look after them. */
const LATE_FOR_MS = 60_000;

/** Makes sure of all Schedules of a mode, though Temporal be late to answer. */
export async function ensureSchedules(client: Client, mode: Mode): Promise<void> {
  const deadline = Date.now() + LATE_FOR_MS;
  for (const schedule of SCHEDULES) {
    await untilAnswered(deadline, () => ensureSchedule(client, schedule, mode));
  }
}

async function untilAnswered(deadline: number, ask: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      // It has been waited for already.
      if (!isGrpcDeadlineError(error) || Date.now() > deadline) throw error;
    }
  }
}

/** Makes sure of one Schedule of a mode: one that exists is brought up to date; whether it is paused stays as an operator left it. */
export async function ensureSchedule(client: Client, schedule: BillingSchedule, mode: Mode): Promise<void> {
  const scheduleId = schedule.scheduleId(mode);
  const definition = {
    spec: { cronExpressions: [schedule.cron], timezone: 'UTC' },
    policies: { overlap: ScheduleOverlapPolicy[schedule.overlap], catchupWindow: schedule.catchUp },
    action: {
      type: 'startWorkflow' as const,
      workflowType: schedule.workflowType,
      workflowId: `${scheduleId}-scheduled`,
      taskQueue: BILLING_BATCH_TASK_QUEUE,
      args: [{ mode }],
    },
  };
  try {
    await client.schedule.create({ scheduleId, ...definition });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(scheduleId).update(({ state }) => ({ ...definition, state }));
  }
}
