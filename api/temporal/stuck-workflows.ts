import type { Client } from '@temporalio/client';
import { atATime } from '../../domain/at-a-time.ts';
import { isInvalidArgument, soon } from './health.ts';

const RUNNING = 'ExecutionStatus = "Running"';
/** What servers of 1.30 and newer note of a workflow whose tasks fail one after the other. */
const REPORTED = `${RUNNING} AND TemporalReportedProblems IN ("category=WorkflowTaskFailed", "category=WorkflowTaskTimedOut")`;
/** So many are listed, or looked at where the server notes nothing. */
const AT_MOST = 200;
const AT_A_TIME = 20;
/** A task that fails twice in a row fails again: the code can't follow the history. */
const STUCK_FROM_ATTEMPT = 3;

/** What stands still, as far as the server could tell: an older one is asked about the newest workflows only. */
export interface StuckWorkflows {
  /** Workflow ids. */
  readonly stuck: readonly string[];
  /** How many were looked at. */
  readonly lookedAt: number | 'all';
}

/** Workflows that stand still because each attempt to run their code fails. An older server knows only when asked about each. */
export async function listStuckWorkflows(client: Client): Promise<StuckWorkflows> {
  try {
    return { stuck: (await list(client, REPORTED)).map(({ workflowId }) => workflowId), lookedAt: 'all' };
  } catch (error) {
    if (!isInvalidArgument(error)) throw error;
  }
  const running = await list(client, RUNNING);
  const stuck: string[] = [];
  await atATime(AT_A_TIME, running, async (execution) => {
    if (await isStuck(client, execution)) stuck.push(execution.workflowId);
  });
  return { stuck, lookedAt: running.length < AT_MOST ? 'all' : AT_MOST };
}

interface Execution {
  readonly workflowId: string;
  readonly runId: string;
}

/** The newest first. */
async function list(client: Client, query: string): Promise<Execution[]> {
  const { namespace } = client.options;
  const { executions } = await soon(client, () =>
    client.workflowService.listWorkflowExecutions({ namespace, query, pageSize: AT_MOST }),
  );
  return (executions ?? []).map(({ execution }) => ({
    workflowId: execution?.workflowId ?? '',
    runId: execution?.runId ?? '',
  }));
}

async function isStuck(client: Client, execution: Execution): Promise<boolean> {
  const { namespace } = client.options;
  const { pendingWorkflowTask } = await soon(client, () =>
    client.workflowService.describeWorkflowExecution({ namespace, execution }),
  );
  return (pendingWorkflowTask?.attempt ?? 0) >= STUCK_FROM_ATTEMPT;
}
