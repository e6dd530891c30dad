import type { Client } from '@temporalio/client';
import { billableActions, type HistoryEvent } from './billable-actions.ts';

/** Of a workflow and all its children, in all their runs. */
export interface HistoryTotals {
  readonly workflows: number;
  /** More than there are workflows by one for each continue-as-new. */
  readonly runs: number;
  readonly events: number;
  /** The most events of one run. */
  readonly longestHistory: number;
  readonly billableActions: number;
}

/** One run of a workflow: continue-as-new begins another one of the same id. */
export interface Run {
  readonly workflowId: string;
  readonly runId: string;
}

/** Reads a workflow's histories as far as it has come, a page at a time. Nothing waits for visibility to catch up. */
export async function historyTotals(temporal: Client, workflowId: string): Promise<HistoryTotals> {
  return await totalsFrom(await firstRun(temporal, workflowId), (run) => historyOf(temporal, run));
}

/** Follows what the histories say: from a run to the next one of its workflow, and to its children. */
export async function totalsFrom(
  first: Run,
  historyOfRun: (run: Run) => AsyncIterable<HistoryEvent>,
): Promise<HistoryTotals> {
  const workflowIds = new Set<string>();
  const totals = { runs: 0, events: 0, longestHistory: 0, billableActions: 0 };
  const waiting = [first];
  for (let run = waiting.pop(); run !== undefined; run = waiting.pop()) {
    workflowIds.add(run.workflowId);
    totals.runs += 1;
    let events = 0;
    for await (const event of historyOfRun(run)) {
      events += 1;
      totals.billableActions += billableActions(event);
      waiting.push(...runsAfter(event, run.workflowId));
    }
    totals.events += events;
    totals.longestHistory = Math.max(totals.longestHistory, events);
  }
  return { workflows: workflowIds.size, ...totals };
}

async function firstRun(temporal: Client, workflowId: string): Promise<Run> {
  const { runId: lastRunId } = await temporal.workflow.getHandle(workflowId).describe();
  for await (const event of historyOf(temporal, { workflowId, runId: lastRunId })) {
    const runId = event.workflowExecutionStartedEventAttributes?.firstExecutionRunId;
    if (runId) return { workflowId, runId };
  }
  throw new Error(`the history of ${workflowId} does not say how it began`);
}

/** What an event started: the next run of the same workflow, or a child. */
function runsAfter(event: HistoryEvent, workflowId: string): Run[] {
  const continued = event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  if (continued) return [{ workflowId, runId: continued }];
  const child = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution;
  return child?.workflowId && child.runId ? [{ workflowId: child.workflowId, runId: child.runId }] : [];
}

async function* historyOf(temporal: Client, execution: Run): AsyncGenerator<HistoryEvent> {
  const { namespace } = temporal.options;
  let pageToken: Uint8Array = new Uint8Array();
  do {
    const { history, nextPageToken } = await temporal.workflowService.getWorkflowExecutionHistory({
      namespace,
      execution,
      nextPageToken: pageToken,
    });
    yield* history?.events ?? [];
    pageToken = nextPageToken;
  } while (pageToken.length > 0);
}
