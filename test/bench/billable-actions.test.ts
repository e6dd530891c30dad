import { expect, test } from 'vitest';
import { billableActions, type HistoryEvent } from '../../bench/billable-actions.ts';

const parentWorkflowExecution = { workflowId: 'parent', runId: 'run' };

test.each<[string, number, HistoryEvent]>([
  ['a start', 1, { workflowExecutionStartedEventAttributes: {} }],
  ['a continue-as-new', 1, { workflowExecutionStartedEventAttributes: { continuedExecutionRunId: 'run' } }],
  ["a child's start", 0, { workflowExecutionStartedEventAttributes: { parentWorkflowExecution } }],
  [
    "a child's continue-as-new",
    1,
    { workflowExecutionStartedEventAttributes: { parentWorkflowExecution, continuedExecutionRunId: 'run' } },
  ],
  ['starting a child', 2, { startChildWorkflowExecutionInitiatedEventAttributes: {} }],
  ['that a child has started', 0, { childWorkflowExecutionStartedEventAttributes: {} }],
  ['an activity that is only scheduled', 0, { activityTaskScheduledEventAttributes: {} }],
  ['an activity at its third attempt', 3, { activityTaskStartedEventAttributes: { attempt: 3 } }],
  ['a timer', 1, { timerStartedEventAttributes: {} }],
  ['a signal', 1, { workflowExecutionSignaledEventAttributes: {} }],
  ['an update', 1, { workflowExecutionUpdateAcceptedEventAttributes: {} }],
  ['two search attributes', 1, upsert('BillingMode', 'BillingPeriod')],
  ['the search attribute of a patch', 0, upsert('TemporalChangeVersion')],
  ['a local activity', 1, { markerRecordedEventAttributes: { markerName: 'core_local_activity' } }],
  ['a patch', 0, { markerRecordedEventAttributes: { markerName: 'core_patch' } }],
  ['a workflow task', 0, { workflowTaskStartedEventAttributes: {} }],
])('Temporal Cloud bills %s as %i', (_, actions, event) => {
  expect(billableActions(event)).toBe(actions);
});

function upsert(...names: string[]): HistoryEvent {
  const indexedFields = Object.fromEntries(names.map((name) => [name, {}]));
  return { upsertWorkflowSearchAttributesEventAttributes: { searchAttributes: { indexedFields } } };
}
