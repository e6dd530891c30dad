import type { MonthDetails, MonthProgress } from '../../../api/admin/months/schema.ts';
import type { Mode } from '../../../domain/mode.ts';
import type { Month } from '../../../domain/monthly-close.ts';
import { versionOf } from '../../changes.ts';
import { tabPath } from '../tabs.ts';
import { type Standing, standingOf } from './standing.ts';

/** The address of a month's page, or of something below it. */
export function monthPath({ mode, period }: Month, ...below: readonly string[]): string {
  return tabPath('months', mode, period, ...below);
}

/** Within a sentence. */
export function modeName(mode: Mode): string {
  return mode === 'live' ? 'live mode' : 'test mode';
}

/** Where a month stands, by all that its page knows of it: {@link standingOf} with the bills of its summary. */
export function standingOfMonth(month: MonthDetails & Month): Standing {
  const { progress, summary } = month;
  const { frozen, held, parked } = summary.byStatus;
  return standingOf({
    ...month,
    phase: progress?.phase ?? null,
    isWaitingForStripe: (progress?.waiting ?? null) !== null,
    bills: summary.bills,
    frozenBills: frozen.bills,
    heldBills: held.bills,
    parkedBills: parked.bills,
  });
}

/** Whether there may soon be something new to see; Temporal may answer again. */
export function mayGoOn({ close }: Pick<MonthProgress, 'close'>): boolean {
  return close === 'running' || close === null;
}

/** The same as long as a close stands where it stood, so that nothing is sent, read out and replaced for nothing. */
export function versionOfProgress({ close, progress, progressProblem, goingOut }: MonthProgress): string {
  return versionOf([close, progress, progressProblem, goingOut]);
}

/**
 * The same as long as what can be decided, and about which bills, is the same; while bills go out each is another number, but
 * nothing else.
 */
export function stageOf({ close, progress }: MonthProgress): string {
  const stopped =
    progress === null || progress.phase === 'invoicing' ? [] : [progress.heldBills, progress.parkedBills];
  const isWaiting = (progress?.waiting ?? null) !== null;
  return [close ?? 'unknown', progress?.phase ?? 'unknown', isWaiting ? 'waits' : 'goes', ...stopped].join(
    '.',
  );
}
