import { forgetAppliedEvents } from '../db/applied-events.ts';
import { loadReconciliation, saveReconciliation } from '../db/reconciliation.ts';
import {
  countFindings,
  countMissedEvents,
  forgetResolvedFindings,
  listOpenFindings,
  openObjectsSince,
  resolveAppliedEvents,
  resolveFindings,
  saveFindings,
} from '../db/reconciliation-findings.ts';
import type { Mode } from '../domain/mode.ts';
import {
  FINDINGS_IN_REPORT,
  type ReconciliationMemory,
  type ReconciliationReport,
  type ReconciliationStart,
} from '../domain/reconciliation.ts';
import { codesOf, type Pass, WINDOWED_PASSES } from '../domain/reconciliation-findings.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** A run of a mode. When it began is what its findings are known by; Unix milliseconds. */
export interface ReconciliationRun {
  readonly mode: Mode;
  readonly startedAtMs: number;
}

/** What a run comes to in the end. */
export type ReconciliationResult = Pick<ReconciliationReport, 'repaired' | 'open' | 'openFindings'>;

/** What a run does in the database, before and after it reads Stripe's lists. */
export function createReconciliationActivities({ db }: Pick<ActivityDependencies, 'db'>) {
  return {
    /** What the runs before have left. */
    async beginReconciliation({ mode }: Pick<ReconciliationRun, 'mode'>): Promise<ReconciliationStart> {
      return {
        ...(await loadReconciliation(db, mode)),
        openObjectsSince: await openObjectsSince(db, mode),
      };
    },

    /** How many of the events that the run has handed to customers have not had their effect yet; those of charges are not counted. */
    async countMissedEvents({ mode, startedAtMs }: ReconciliationRun): Promise<number> {
      return await countMissedEvents(db, mode, new Date(startedAtMs));
    },

    /** Notes that a part of the run can't be done, and why. */
    async noteUnreadable({
      mode,
      startedAtMs,
      pass,
      problem,
      statusCode = null,
    }: ReconciliationRun & {
      readonly pass: Pass;
      readonly problem: string;
      /** Of Stripe's answer; missing in a run of older code. */
      readonly statusCode?: number | null;
    }): Promise<void> {
      const finding = {
        code: 'not_readable',
        userId: null,
        objectId: pass,
        what: `The ${pass.replaceAll('_', ' ')} of ${mode} mode can't be read: ${problem}`,
        fix: 'proposed',
        proposal:
          statusCode === 401 || statusCode === 403
            ? "If the secret key lacks a right or was revoked, mend that in Stripe's Dashboard."
            : "The next comparison reads it again. If it stays so, ask Stripe's support about the request.",
      } as const;
      await saveFindings(db, mode, [finding], new Date(startedAtMs));
    },

    /**
     * Ends a run: resolves what the parts that were done have not found any more, and remembers how far it came.
     *
     * @param input `done`: the parts that were read to their end.
     */
    async endReconciliation(
      input: ReconciliationRun & {
        readonly endedAtMs: number;
        readonly done: readonly Pass[];
        /** From when on windowed lists were read; `null`, or missing in a run of older code: from their beginning. */
        readonly objectsSince?: number | null;
        /** Whether all customers' meters were looked at since `memory.metersSinceMs`. */
        readonly metersRound: boolean;
        readonly memory: ReconciliationMemory;
      },
    ): Promise<ReconciliationResult> {
      const { mode, startedAtMs, done, objectsSince = null, memory, metersRound } = input;
      const startedAt = new Date(startedAtMs);
      const now = new Date(input.endedAtMs);
      const isWindowed = new Set<Pass>(WINDOWED_PASSES);
      const ofWindows = done.filter((pass) => isWindowed.has(pass));
      const ofWholeLists = done.filter(
        (pass) => !isWindowed.has(pass) && pass !== 'events' && pass !== 'meters',
      );
      const inWindow = { codes: codesOf(ofWindows), createdSince: objectsSince };
      await resolveFindings(db, mode, inWindow, { notSeenSince: startedAt, now });
      await resolveFindings(db, mode, { codes: codesOf(ofWholeLists) }, { notSeenSince: startedAt, now });
      if (metersRound) {
        const notSeenSince = new Date(memory.metersSinceMs ?? startedAtMs);
        await resolveFindings(db, mode, { codes: codesOf(['meters']) }, { notSeenSince, now });
      }
      const readable = { codes: ['not_readable'], objectIds: done } as const;
      await resolveFindings(db, mode, readable, { notSeenSince: startedAt, now });
      await resolveAppliedEvents(db, mode, now);
      await forgetResolvedFindings(db, mode, now);
      await forgetAppliedEvents(db, now);
      await saveReconciliation(db, mode, memory, now);
      const open = await listOpenFindings(db, mode, FINDINGS_IN_REPORT);
      return {
        ...(await countFindings(db, mode, startedAt)),
        openFindings: open.map(({ code, userId, objectId, what, fix, proposal }) => ({
          code,
          userId,
          objectId,
          what,
          fix,
          proposal,
        })),
      };
    },
  };
}
