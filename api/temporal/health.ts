import { type Client, ScheduleNotFoundError } from '@temporalio/client';
import { CUSTOMER_BILLING_WORKFLOW } from '../../domain/customer-workflow.ts';
import type { Mode } from '../../domain/mode.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/search-attributes.ts';
import {
  BILLING_BATCH_TASK_QUEUE,
  BILLING_HOOKS_TASK_QUEUE,
  BILLING_TASK_QUEUE,
  billingChargesTaskQueue,
} from '../../domain/task-queues.ts';
import { cronOf } from './cron.ts';

const DEADLINE_MS = 2_000;
/**
 * The server asks the Schedule's own workflow. A question that comes just as that has something to do now and then gets no answer (seen
 * with 1.29), and one that is asked again does: so two fit into the time of a check.
 */
const SCHEDULE_DEADLINE_MS = 1_300;
/** Temporal's numbers for what a task queue hands out. */
const TASKS = { workflow: 1, activity: 2 } as const;

/** What workers ask for work, and for which. */
export const POLLED: readonly { readonly taskQueue: string; readonly tasks: keyof typeof TASKS }[] = [
  { taskQueue: BILLING_TASK_QUEUE, tasks: 'workflow' },
  { taskQueue: BILLING_TASK_QUEUE, tasks: 'activity' },
  { taskQueue: BILLING_BATCH_TASK_QUEUE, tasks: 'workflow' },
  { taskQueue: BILLING_BATCH_TASK_QUEUE, tasks: 'activity' },
  { taskQueue: billingChargesTaskQueue('live'), tasks: 'activity' },
  { taskQueue: billingChargesTaskQueue('test'), tasks: 'activity' },
  { taskQueue: BILLING_HOOKS_TASK_QUEUE, tasks: 'activity' },
];

/** When a worker last asked for such work; `null`: none did in the last five minutes, which is how long Temporal knows. */
export async function lastPollOf(
  client: Client,
  { taskQueue, tasks }: (typeof POLLED)[number],
): Promise<Date | null> {
  const { namespace } = client.options;
  const { pollers } = await soon(client, () =>
    client.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum's package is the SDK's own
      taskQueueType: TASKS[tasks],
    }),
  );
  const seconds = (pollers ?? []).map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0));
  return seconds.length === 0 ? null : new Date(Math.max(...seconds) * 1_000);
}

/** The server's version, such as `1.29.1`. */
export async function serverVersionOf(client: Client): Promise<string> {
  return (await soon(client, () => client.workflowService.getSystemInfo({}))).serverVersion;
}

/** How long the namespace keeps what has ended. */
export async function retentionMsOf(client: Client): Promise<number> {
  const { namespace } = client.options;
  const { config } = await soon(client, () => client.workflowService.describeNamespace({ namespace }));
  return Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) * 1_000;
}

/** Search attributes that workflows set and the namespace lacks. */
export async function missingSearchAttributes(client: Client): Promise<string[]> {
  const { namespace } = client.options;
  const known = await Promise.all(
    Object.keys(SEARCH_ATTRIBUTES).map(async (name) => {
      // Asking who has it works wherever one may list workflows; asking for the names wants more rights.
      const query = `${name} IS NOT NULL`;
      try {
        await soon(client, () =>
          client.workflowService.listWorkflowExecutions({ namespace, query, pageSize: 1 }),
        );
        return [];
      } catch (error) {
        if (isInvalidArgument(error)) return [name];
        throw error;
      }
    }),
  );
  return known.flat();
}

/** How many customers' workflows want a person to look: a parked step, a dispute. */
export async function countCustomersWithAttention(client: Client, mode: Mode): Promise<number> {
  const query = `WorkflowType = "${CUSTOMER_BILLING_WORKFLOW}" AND ExecutionStatus = "Running" AND BillingAttention = true AND BillingMode = "${mode}"`;
  const { count } = await soon(client, () => client.workflow.count(query));
  return count;
}

/** What Temporal says of a Schedule of ours. */
interface DescribedSchedule {
  readonly isPaused: boolean;
  readonly nextRunAt: Date | null;
  /** When it runs: `0 0 1 * * UTC`. */
  readonly runs: string;
}

/** @returns `null` when there is none. */
export async function describeSchedule(
  client: Client,
  scheduleId: string,
): Promise<DescribedSchedule | null> {
  const handle = client.schedule.getHandle(scheduleId);
  const describe = () => client.withDeadline(Date.now() + SCHEDULE_DEADLINE_MS, () => handle.describe());
  const described = await describe().catch(nullIfNotFound).catch(describe).catch(nullIfNotFound);
  if (described === null) return null;
  const { state, info, raw } = described;
  return {
    isPaused: state.paused,
    nextRunAt: info.nextActionTimes[0] ?? null,
    runs: cronOf(raw.schedule?.spec ?? {}),
  };
}

function nullIfNotFound(error: unknown): null {
  if (error instanceof ScheduleNotFoundError) return null;
  throw error;
}

/** Runs a call with the deadline of a check. */
export async function soon<T>(client: Client, call: () => Promise<T>): Promise<T> {
  return await client.withDeadline(Date.now() + DEADLINE_MS, call);
}

/** gRPC's code for a request that names what is not there. */
const INVALID_ARGUMENT = 3;

/** Such as a query for a search attribute that the server does not know. */
export function isInvalidArgument(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === INVALID_ARGUMENT;
}
