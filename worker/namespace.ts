import {
  type Client,
  type Connection,
  ScheduleAlreadyRunning,
  type ScheduleOptions,
  type ScheduleOptionsStartWorkflowAction,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import type { Logger } from 'pino';
import type { Mode } from '../domain/mode.ts';
import {
  BILLING_BATCH_TASK_QUEUE,
  MONTHLY_BILLING_SCHEDULE,
  RECONCILIATION_SCHEDULE,
  SCHEDULED_MONTHLY_BILLING_WORKFLOW,
  SCHEDULED_RECONCILIATION_WORKFLOW,
  SEARCH_ATTRIBUTES,
} from '../domain/workflow-contracts.ts';
import { ensureSearchAttributes } from './search-attributes.ts';

/** How far back a close that was missed, because nothing ran, is caught up with. */
const CATCH_UP_WINDOW = '30 days';

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

/** Makes sure of all Schedules of a mode (`SCHEDULES`). */
export async function ensureSchedules(client: Client, mode: Mode): Promise<void> {
  await ensureMonthlyBillingSchedule(client, mode);
  await ensureReconciliationSchedule(client, mode);
}

/** Makes sure of the mode's Schedule of closes. */
export async function ensureMonthlyBillingSchedule(client: Client, mode: Mode): Promise<void> {
  const scheduleId = MONTHLY_BILLING_SCHEDULE.scheduleId(mode);
  await ensureSchedule(client, scheduleId, {
    spec: { cronExpressions: [MONTHLY_BILLING_SCHEDULE.cron], timezone: 'UTC' },
    policies: { overlap: ScheduleOverlapPolicy.BUFFER_ONE, catchupWindow: CATCH_UP_WINDOW },
    action: {
      type: 'startWorkflow',
      workflowType: SCHEDULED_MONTHLY_BILLING_WORKFLOW,
      workflowId: `${scheduleId}-scheduled`,
      taskQueue: BILLING_BATCH_TASK_QUEUE,
      args: [{ mode }],
    },
  });
}

/** Makes sure of the mode's Schedule of reconciliation. A run looks at all there is, so of those that were missed the last is enough. */
export async function ensureReconciliationSchedule(client: Client, mode: Mode): Promise<void> {
  const scheduleId = RECONCILIATION_SCHEDULE.scheduleId(mode);
  await ensureSchedule(client, scheduleId, {
    spec: { cronExpressions: [RECONCILIATION_SCHEDULE.cron], timezone: 'UTC' },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 hour' },
    action: {
      type: 'startWorkflow',
      workflowType: SCHEDULED_RECONCILIATION_WORKFLOW,
      workflowId: `${scheduleId}-scheduled`,
      taskQueue: BILLING_BATCH_TASK_QUEUE,
      args: [{ mode }],
    },
  });
}

/** One that exists is brought up to date; whether it is paused stays as an operator left it. */
async function ensureSchedule(
  client: Client,
  scheduleId: string,
  definition: Omit<ScheduleOptions, 'scheduleId' | 'action'> & {
    readonly action: ScheduleOptionsStartWorkflowAction<Workflow>;
  },
): Promise<void> {
  try {
    await client.schedule.create({ scheduleId, ...definition });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(scheduleId).update(({ state }) => ({ ...definition, state }));
  }
}
