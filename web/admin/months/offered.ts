import type { MonthDetails } from '../../../api/admin/months/schema.ts';
import {
  type BillsDecision,
  type BillsDecisionType,
  whyNotApprove,
  whyNotDecideOnBills,
  whyNotRetryParked,
} from '../../../domain/close-decisions.ts';
import type { ClosePhase } from '../../../domain/monthly-close.ts';

/** What can be decided about a month as it stands: the close would take it. */
export interface Offered {
  readonly close: boolean;
  readonly approve: boolean;
  readonly hold: boolean;
  readonly release: boolean;
  readonly skip: boolean;
  readonly retryParked: boolean;
}

type Decidable = Pick<MonthDetails, 'isOver' | 'close' | 'progress' | 'summary' | 'awaitingRelease'>;

/** As the close itself judges decisions (domain/close-decisions.ts), and as the bills stand. */
export function offeredOf(month: Decidable): Offered {
  const { isOver, close, summary, awaitingRelease } = month;
  const { frozen, held, parked } = summary.byStatus;
  const phase = phaseOfDecision(month);
  const takes = (type: BillsDecisionType) =>
    phase !== null && whyNotDecideOnBills(type, SOME_DECISION, phase) === null;
  return {
    close: isOver && (close === 'ended' || close === 'none'),
    approve:
      close === 'running' &&
      phase !== null &&
      whyNotApprove({ approvedBy: 'somebody' }, phase, false) === null,
    hold: takes('hold') && frozen.bills > 0,
    release: takes('release') && held.bills > 0,
    skip: takes('skip') && awaitingRelease > 0,
    retryParked: phase !== null && whyNotRetryParked({ by: 'somebody' }, phase) === null && parked.bills > 0,
  };
}

const SOME_DECISION: BillsDecision = { bills: ['bill_1'], by: 'somebody', reason: 'some reason' };

/** The phase in which the close would meet a decision: where none runs, one is started for it. `null`: nobody can say. */
function phaseOfDecision({ close, progress }: Decidable): ClosePhase | null {
  if (close === null) return null;
  return close === 'running' ? (progress?.phase ?? null) : 'collecting';
}
