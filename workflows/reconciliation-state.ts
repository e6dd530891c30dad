import type { ReconciliationResult, ReconciliationRun } from '../activities/reconciliation.ts';
import type { ReconciledPage } from '../activities/reconciliation-page.ts';
import type { Mode } from '../domain/mode.ts';
import {
  eventsThroughAfter,
  FIRST_PAGE,
  type PageCursor,
  type ReconciliationMemory,
  type ReconciliationPlan,
  type ReconciliationReport,
} from '../domain/reconciliation.ts';
import { PASSES, type Pass, WINDOWED_PASSES } from '../domain/reconciliation-findings.ts';

/** What continue-as-new carries over of a run. */
export interface CarriedReconciliation {
  readonly startedAtMs: number;
  readonly plan: ReconciliationPlan;
  /** As the runs before have left it. */
  readonly memory: ReconciliationMemory;
  /** The part that is under way, and where it goes on; `null` when it has been read. */
  readonly pass: Pass | null;
  readonly cursor: PageCursor | null;
  /** The part that was begun anew in the middle; absent: none was. */
  readonly begunAnew?: Pass;
  /** Parts that were read to their end. */
  readonly done: readonly Pass[];
  readonly read: number;
  readonly forwardedEvents: number;
  /** Pages of meters read in this run. */
  readonly meterPages: number;
}

/**
 * Pages of meters in one run, each three requests one after the other: an hour, at half a second for each. With more customers than
 * that takes, the next full run goes on where this one stops. (What was posted shows on the subscriptions' invoices as well.)
 */
const METER_PAGES_PER_RUN = 2_500;

/** Read in every run; the others with a comparison of all objects. */
const EVERY_RUN: ReadonlySet<Pass> = new Set(['webhook_endpoints', 'events']);

/** How far a run is. */
export class Reconciliation {
  readonly key: ReconciliationRun;
  #carried: CarriedReconciliation;
  #result: ReconciliationResult = { repaired: 0, open: 0, openFindings: [] };
  #endedAtMs: number | null = null;

  constructor(mode: Mode, carried: CarriedReconciliation) {
    this.key = { mode, startedAtMs: carried.startedAtMs };
    this.#carried = carried;
  }

  static startOf(
    plan: ReconciliationPlan,
    memory: ReconciliationMemory,
    startedAtMs: number,
  ): CarriedReconciliation {
    const nothingYet = { done: [], read: 0, forwardedEvents: 0, meterPages: 0 };
    return { startedAtMs, plan, memory, pass: PASSES[0], cursor: FIRST_PAGE, ...nothingYet };
  }

  get plan(): ReconciliationPlan {
    return this.#carried.plan;
  }

  get pass(): Pass | null {
    return this.#carried.pass;
  }

  /** The page to be read next; `null` at the end of the part. */
  get cursor(): PageCursor | null {
    const { pass, meterPages, cursor } = this.#carried;
    return pass === 'meters' && meterPages >= METER_PAGES_PER_RUN ? null : cursor;
  }

  count({ read, forwarded = 0, next }: ReconciledPage): void {
    const carried = this.#carried;
    this.#carried = {
      ...carried,
      cursor: next,
      read: carried.read + read,
      forwardedEvents: carried.forwardedEvents + forwarded,
      meterPages: carried.meterPages + (carried.pass === 'meters' ? 1 : 0),
    };
  }

  /** Begins the list that is being read once more. @returns `false` when that can't help: its first page was to be read, or it was done. */
  beginAnew(): boolean {
    const { pass, cursor, begunAnew } = this.#carried;
    if (pass === null || cursor === null || cursor.after === null || begunAnew === pass) return false;
    this.#carried = { ...this.#carried, cursor: { ...cursor, after: null }, begunAnew: pass };
    return true;
  }

  done(pass: Pass): void {
    this.#carried = { ...this.#carried, done: [...this.#carried.done, pass] };
  }

  /** Goes on to the next part. @returns `null` after the last. */
  nextPass(): Pass | null {
    const { pass: last, plan, memory } = this.#carried;
    const rest = last === null ? [] : PASSES.slice(PASSES.indexOf(last) + 1);
    const pass = rest.find((each) => plan.comparesObjects || EVERY_RUN.has(each)) ?? null;
    // The last part's cursor is kept: where meters go on.
    if (pass !== null)
      this.#carried = { ...this.#carried, cursor: pass === 'meters' ? memory.meters : FIRST_PAGE };
    this.#carried = { ...this.#carried, pass };
    return pass;
  }

  carry(): CarriedReconciliation {
    return this.#carried;
  }

  /** What is to be remembered of the run. */
  ending(endedAtMs: number) {
    const { done, startedAtMs, plan, memory } = this.#carried;
    const { metersRound, ...meters } = this.#metersAfter();
    return {
      ...this.key,
      endedAtMs,
      done,
      objectsSince: plan.objectsSince,
      metersRound,
      memory: {
        eventsThrough: done.includes('events')
          ? eventsThroughAfter(memory.eventsThrough, plan.events)
          : memory.eventsThrough,
        // What one of these could not read is read from there on again, when it can be.
        objectsComparedAt: WINDOWED_PASSES.every((pass) => done.includes(pass))
          ? plan.stripeNow
          : memory.objectsComparedAt,
        lastFullRunAtMs: plan.comparesObjects ? startedAtMs : memory.lastFullRunAtMs,
        ...meters,
      } satisfies ReconciliationMemory,
    };
  }

  end(result: ReconciliationResult, endedAtMs: number): void {
    this.#result = result;
    this.#endedAtMs = endedAtMs;
  }

  get report(): ReconciliationReport {
    const { startedAtMs, plan, pass, done, read, forwardedEvents } = this.#carried;
    return {
      mode: this.key.mode,
      pass,
      startedAtMs,
      endedAtMs: this.#endedAtMs,
      eventsFrom: done.includes('events') ? plan.events.from : null,
      eventsGone: plan.events.gone,
      comparesObjects: plan.comparesObjects,
      read,
      forwardedEvents,
      ...this.#result,
    };
  }

  /** Where the next run goes on with meters, and whether this one has come round to the last customer. */
  #metersAfter(): Pick<ReconciliationMemory, 'meters' | 'metersSinceMs'> & { readonly metersRound: boolean } {
    const { done, cursor, memory, startedAtMs } = this.#carried;
    if (!done.includes('meters'))
      return { meters: memory.meters, metersSinceMs: memory.metersSinceMs, metersRound: false };
    const isFirst = memory.meters.part === 0 && memory.meters.after === null;
    const metersSinceMs = isFirst ? startedAtMs : memory.metersSinceMs;
    return { meters: cursor ?? FIRST_PAGE, metersSinceMs, metersRound: cursor === null };
  }
}
