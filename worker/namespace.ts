import {
  type Client,
  type Connection,
  ScheduleAlreadyRunning,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import type { Logger } from 'pino';
import type { Mode } from '../domain/mode.ts';
import {
  BILLING_BATCH_TASK_QUEUE,
  MONTHLY_BILLING_SCHEDULE,
  SCHEDULED_MONTHLY_BILLING_WORKFLOW,
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

/**
 * Makes sure of the mode's Schedule of monthly closes. One that exists is brought up to date; whether it is paused
 * stays as an operator left it.
 */
export async function ensureMonthlyBillingSchedule(client: Client, mode: Mode): Promise<void> {
  const scheduleId = MONTHLY_BILLING_SCHEDULE.scheduleId(mode);
  const definition = {
    spec: { cronExpressions: [MONTHLY_BILLING_SCHEDULE.cron], timezone: 'UTC' },
    policies: { overlap: ScheduleOverlapPolicy.BUFFER_ONE, catchupWindow: CATCH_UP_WINDOW },
    action: {
      type: 'startWorkflow',
      workflowType: SCHEDULED_MONTHLY_BILLING_WORKFLOW,
      workflowId: `${scheduleId}-scheduled`,
      taskQueue: BILLING_BATCH_TASK_QUEUE,
      args: [{ mode }],
    },
  } satisfies Omit<ScheduleOptions, 'scheduleId'>;
  try {
    await client.schedule.create({ scheduleId, ...definition });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(scheduleId).update(({ state }) => ({ ...definition, state }));
  }
}
