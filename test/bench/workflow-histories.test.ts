import { expect, test } from 'vitest';
import type { HistoryEvent } from '../../bench/billable-actions.ts';
import { type Run, totalsFrom } from '../../bench/workflow-histories.ts';

const parentWorkflowExecution = { workflowId: 'close', runId: 'second' };
const HISTORIES: Readonly<Record<string, readonly HistoryEvent[]>> = {
  'close first': [
    { workflowExecutionStartedEventAttributes: { firstExecutionRunId: 'first' } },
    { workflowExecutionContinuedAsNewEventAttributes: { newExecutionRunId: 'second' } },
  ],
  'close second': [
    { workflowExecutionStartedEventAttributes: { continuedExecutionRunId: 'first' } },
    { startChildWorkflowExecutionInitiatedEventAttributes: { workflowId: 'close:charge-1' } },
    {
      childWorkflowExecutionStartedEventAttributes: {
        workflowExecution: { workflowId: 'close:charge-1', runId: 'third' },
      },
    },
    { workflowExecutionCompletedEventAttributes: {} },
  ],
  'close:charge-1 third': [
    { workflowExecutionStartedEventAttributes: { parentWorkflowExecution } },
    { activityTaskStartedEventAttributes: { attempt: 1 } },
    { workflowExecutionContinuedAsNewEventAttributes: { newExecutionRunId: 'fourth' } },
  ],
  'close:charge-1 fourth': [
    {
      workflowExecutionStartedEventAttributes: { parentWorkflowExecution, continuedExecutionRunId: 'third' },
    },
  ],
};

test('the totals of a workflow are those of all its runs, and of all runs of its children', async () => {
  expect(await totalsFrom({ workflowId: 'close', runId: 'first' }, historyOf)).toEqual({
    workflows: 2,
    runs: 4,
    events: 10,
    longestHistory: 4,
    // Started, continued, 2 for the child, an activity, continued.
    billableActions: 6,
  });
});

async function* historyOf({ workflowId, runId }: Run): AsyncGenerator<HistoryEvent> {
  yield* await Promise.resolve(HISTORIES[`${workflowId} ${runId}`] ?? []);
}
