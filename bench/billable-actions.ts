import type { WorkflowHandle } from '@temporalio/client';

/** An event of a workflow's history. */
export type HistoryEvent = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

/** Written when workflow code is patched; Temporal Cloud does not count it, nor the search attribute that goes with it. */
const PATCH_MARKER = 'core_patch';
const PATCH_ATTRIBUTE = 'TemporalChangeVersion';

/**
 * How many of Temporal Cloud's billable actions an event stands for, by https://docs.temporal.io/cloud/actions:
 *
 * - one for a workflow's start, and for each continue-as-new;
 * - two for starting a child, counted in its parent's history, so none for the child's own start;
 * - one for an activity's start, and one for each retry;
 * - one for a timer, a signal, an update, a marker (a local activity), and for setting search attributes, however many.
 *
 * Queries and heartbeats are actions too, but in no history. A close asks for none; it beats every 3 s or so while one of its
 * activities takes longer.
 */
export function billableActions(event: HistoryEvent): number {
  const {
    workflowExecutionStartedEventAttributes: started,
    activityTaskStartedEventAttributes: activity,
    upsertWorkflowSearchAttributesEventAttributes: upsert,
    markerRecordedEventAttributes: marker,
  } = event;
  if (started) return started.parentWorkflowExecution && !started.continuedExecutionRunId ? 0 : 1;
  if (event.startChildWorkflowExecutionInitiatedEventAttributes) return 2;
  // The one event of all attempts. Temporal writes it with the outcome.
  if (activity) return activity.attempt ?? 1;
  if (upsert) {
    const names = Object.keys(upsert.searchAttributes?.indexedFields ?? {});
    return names.some((name) => name !== PATCH_ATTRIBUTE) ? 1 : 0;
  }
  if (marker) return marker.markerName === PATCH_MARKER ? 0 : 1;
  const isOne =
    event.timerStartedEventAttributes ??
    event.workflowExecutionSignaledEventAttributes ??
    event.workflowExecutionUpdateAcceptedEventAttributes;
  return isOne ? 1 : 0;
}
