/** Reconciliation as its workflow, the CLI, the api and the Schedule speak of it. */
import { dayOf } from './days.ts';
import type { Mode } from './mode.ts';
import { type Finding, type Pass, UNDER_WAY_SECONDS } from './reconciliation-findings.ts';
import { BILLING_BATCH_TASK_QUEUE } from './task-queues.ts';

/**
 * Type of the workflow that is one run. Started by the Schedule's workflow, or by an operator who does not want to
 * wait for that.
 */
export const RECONCILIATION_WORKFLOW = 'reconciliationWorkflow';
/** Type of the workflow that the Schedule starts every hour; it starts the run. */
export const SCHEDULED_RECONCILIATION_WORKFLOW = 'scheduledReconciliationWorkflow';

/** One run at a time for each mode: two would read the same lists and move the same cursor. */
export const reconciliationWorkflowId = (mode: Mode) => `reconciliation:${mode}`;

/**
 * Query: how far the run is, and what it has found, as a {@link ReconciliationReport}. Asked by the CLI while it
 * waits for one.
 */
export const RECONCILIATION_PROGRESS_QUERY = 'reconciliationProgress';

/** What a run is to read, and of which mode. */
export interface ReconciliationInput {
  readonly mode: Mode;
  /** When all objects are compared, and not only events read: in the first run of a UTC day, or in this one. */
  readonly objects: 'daily' | 'now';
}

/** Result of a run, and answer of the query `reconciliationProgress` while it runs. */
export interface ReconciliationReport {
  readonly mode: Mode;
  /** The part of the run that is under way; `start` before the first, when Stripe is asked for its time, `null` after the last. */
  readonly pass: Pass | 'start' | null;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  /** From when on Stripe's events were read, Unix seconds; `null` as long as they were not. */
  readonly eventsFrom: number | null;
  /**
   * Events between the last run and the oldest that Stripe has still, Unix seconds: they can't be read any more. What they told of
   * is found by comparing objects. `null`: there are none.
   */
  readonly eventsGone: { readonly from: number; readonly to: number } | null;
  /** Whether all objects were compared. */
  readonly comparesObjects: boolean;
  /** Objects and events read so far. */
  readonly read: number;
  /** Events handed to their workflows because they had had no effect. */
  readonly forwardedEvents: number;
  /** What else this run has found and repaired. */
  readonly repaired: number;
  /** All that are open after the run and want a person, also those of earlier runs. */
  readonly open: number;
  /** The first of them. */
  readonly openFindings: readonly Finding[];
}

/** How many of the open findings a report holds: it stays in the workflow's history. */
export const FINDINGS_IN_REPORT = 20;

/** Where a part of a run goes on. */
export interface PageCursor {
  /** Which of the lists that the part reads one after the other, from 0. */
  readonly part: number;
  /** The last object of the page before; `null` for the first page. */
  readonly after: string | null;
}

/** Where every part of a run begins, but for meters, which go on where the last run has stopped. */
export const FIRST_PAGE: PageCursor = { part: 0, after: null };

/** What the database remembers from one run to the next. Times of Stripe's are Unix seconds of Stripe's own clock. */
export interface ReconciliationMemory {
  /** Up to when all events were seen to; `null` before the first run. */
  readonly eventsThrough: number | null;
  /** When the last comparison began that has read all windowed lists to their end; `null` before the first. */
  readonly objectsComparedAt: number | null;
  /** The same by our clock, Unix milliseconds. */
  readonly lastFullRunAtMs: number | null;
  /** Where meters are looked at next: a run looks at some customers, the next one goes on. */
  readonly meters: PageCursor;
  /** When the looks at meters began anew with the first customer, Unix milliseconds of our clock. */
  readonly metersSinceMs: number | null;
}

/** What a run knows at its start. */
export interface ReconciliationStart extends ReconciliationMemory {
  /** When the oldest object was made that an open finding of a windowed list is about, Unix seconds; `null`: none is open. */
  readonly openObjectsSince: number | null;
}

/** What a run does; decided once, at its start. */
export interface ReconciliationPlan {
  /** Stripe's time at the start, Unix seconds. */
  readonly stripeNow: number;
  readonly events: EventWindow;
  readonly comparesObjects: boolean;
  /** Objects of which Stripe has ever more are compared from here on (Unix seconds); `null`: all of them. */
  readonly objectsSince: number | null;
}

/** Events to be read: `from` inclusive, `until` exclusive. Unix seconds of Stripe's clock. */
interface EventWindow {
  readonly from: number;
  readonly until: number;
  readonly gone: ReconciliationReport['eventsGone'];
}

const HOUR_SECONDS = 60 * 60;
const DAY_SECONDS = 24 * HOUR_SECONDS;
/** https://docs.stripe.com/api/events/list */
const EVENTS_KEPT_SECONDS = 30 * DAY_SECONDS;
/** How long before the end of its thirty days an event is left: it may be gone before its page is read. */
const EXPIRY_MARGIN_SECONDS = 10 * 60;
/** Read again, because Stripe lists events late and out of order at times. What had its effect is known, and costs nothing. */
const OVERLAP_SECONDS = HOUR_SECONDS;
/** An invoice is charged and retried for weeks, and a refund may fail after weeks: what so long after its beginning changes is seen. */
const OBJECTS_SECONDS = 35 * DAY_SECONDS;

/** What is to be read of Stripe's events. */
export function eventWindow(through: number | null, stripeNow: number): EventWindow {
  const oldest = stripeNow - EVENTS_KEPT_SECONDS + EXPIRY_MARGIN_SECONDS;
  const from = through === null ? oldest : Math.max(through - OVERLAP_SECONDS, oldest);
  const gone = through !== null && through < oldest ? { from: through, to: oldest } : null;
  return { from, until: stripeNow - UNDER_WAY_SECONDS, gone };
}

/** Up to when events have been seen to after a run. It never goes back, also where Stripe's clock did. */
export function eventsThroughAfter(through: number | null, { until }: EventWindow): number {
  return Math.max(through ?? until, until);
}

/**
 * Objects are compared once a UTC day, and when that is asked for. Events that are gone are a month old: whichever comparison came
 * last has seen what they told of.
 */
export function planReconciliation(
  start: ReconciliationStart,
  run: Pick<ReconciliationInput, 'objects'> & { readonly stripeNow: number; readonly nowMs: number },
): ReconciliationPlan {
  const { stripeNow } = run;
  const { eventsThrough, lastFullRunAtMs } = start;
  const events = eventWindow(eventsThrough, stripeNow);
  const isFirstOfDay =
    lastFullRunAtMs === null || dayOf(new Date(lastFullRunAtMs)) !== dayOf(new Date(run.nowMs));
  return {
    stripeNow,
    events,
    comparesObjects: run.objects === 'now' || isFirstOfDay,
    objectsSince: objectsSince(start, stripeNow),
  };
}

/** Far enough back for what may have changed since the last comparison, and for what is still open. */
function objectsSince(
  { objectsComparedAt, openObjectsSince }: ReconciliationStart,
  stripeNow: number,
): number | null {
  if (objectsComparedAt === null) return null;
  const lastCompared = Math.min(stripeNow, objectsComparedAt);
  return Math.min(lastCompared - OBJECTS_SECONDS, openObjectsSince ?? Infinity);
}

/** Bills that were frozen before are not all on the list of invoices, which may begin later. */
export const oldBillsUntil = ({ stripeNow }: ReconciliationPlan) =>
  new Date((stripeNow - OBJECTS_SECONDS) * 1_000);

/** How a run is started, by whom ever: there is one at a time for each mode. */
export function reconciliationStart(input: ReconciliationInput) {
  return {
    workflowId: reconciliationWorkflowId(input.mode),
    taskQueue: BILLING_BATCH_TASK_QUEUE,
    args: [input] satisfies [ReconciliationInput],
    staticSummary: `Compares Stripe with the database, ${input.mode} mode`,
    staticDetails:
      'Reads the events that were missed, then compares objects, and repairs or reports what differs. docs/operations.md says what each finding means.',
  };
}

/** Before anything was read. */
export function reportOfStart(mode: Mode, startedAtMs: number): ReconciliationReport {
  return {
    mode,
    pass: 'start',
    startedAtMs,
    endedAtMs: null,
    eventsFrom: null,
    eventsGone: null,
    comparesObjects: false,
    read: 0,
    forwardedEvents: 0,
    repaired: 0,
    open: 0,
    openFindings: [],
  };
}

/** What a run that has not ended is at, in words. */
export function progressOfReconciliation({ pass, read }: ReconciliationReport): string {
  if (pass === 'start') return 'asks Stripe what time it is';
  return pass === null ? `ends; ${read} read` : `reads ${pass.replaceAll('_', ' ')}; ${read} read so far`;
}

/** In a sentence. */
export function outcomeOfReconciliation(report: ReconciliationReport): string {
  const { repaired, open, forwardedEvents } = report;
  if (repaired + forwardedEvents + open === 0) return 'all is as it should be';
  const parts = [
    ...(forwardedEvents > 0 ? [`${forwardedEvents} missed events handed on`] : []),
    `${repaired} repaired`,
    `${open} for a person`,
  ];
  return parts.join(', ');
}
