import type { z } from 'zod';
import { countBills } from '../../../db/bill-status.ts';
import type { Month, MonthlyBillingReport } from '../../../domain/monthly-close.ts';
import type { ApiDependencies } from '../../dependencies.ts';
import { closeStandingOf } from '../../temporal/close.ts';
import { askClose } from '../../temporal/queries.ts';
import type { closeProgressSchema, MonthProgress } from './schema.ts';

/**
 * How far the close of a month is, without its bills: whoever watches asks every two seconds. While bills go out it counts them, so
 * that each shows at once; the close itself hears of them partition by partition.
 */
export async function closeProgress(
  { db, temporal }: Pick<ApiDependencies, 'db' | 'temporal'>,
  month: Month,
): Promise<MonthProgress> {
  const [close, { state, problem }] = await Promise.all([
    closeStandingOf(temporal, month),
    askClose(temporal, month),
  ]);
  const goingOut = state?.phase === 'invoicing' ? await countBills(db, month) : null;
  return {
    close,
    progress: state === null ? null : publicProgress(state),
    progressProblem: problem,
    goingOut,
  };
}

function publicProgress({ waiting, ...report }: MonthlyBillingReport): z.output<typeof closeProgressSchema> {
  return {
    ...report,
    waiting:
      waiting === null ? null : { since: new Date(waiting.sinceMs).toISOString(), problem: waiting.problem },
  };
}
