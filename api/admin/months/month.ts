import type { z } from 'zod';
import { countAwaitingRelease, listCloseDecisions } from '../../../db/close-decisions.ts';
import { previewAtAGlance } from '../../../db/close-preview.ts';
import { loadCloseSummary } from '../../../db/close-summary.ts';
import { type ListedMonth, listMonths } from '../../../db/months.ts';
import type { BillingPeriod } from '../../../domain/billing-period.ts';
import { toCollectCents } from '../../../domain/close-summary.ts';
import type { Mode } from '../../../domain/mode.ts';
import { sumCents } from '../../../domain/money.ts';
import { isOver, type Month, monthlyBillingWorkflowId } from '../../../domain/monthly-close.ts';
import type { ApiDependencies } from '../../dependencies.ts';
import { closeStandingOf } from '../../temporal/close.ts';
import { askClose } from '../../temporal/queries.ts';
import { pageOf } from '../pages-of-lists.ts';
import { workflowRef } from '../workflow.ts';
import { closeProgress } from './progress.ts';
import type { MonthDetails, monthsSchema, previewSchema } from './schema.ts';

/** How many decisions about a month are shown. */
const DECISIONS_LISTED = 100;
/** How many bills of each kind a preview names. */
const PREVIEW_LISTED = 20;

/** The months of a mode that have usage or bills, newest first, and where the next page begins. */
export async function monthsPage(
  dependencies: ApiDependencies,
  mode: Mode,
  { before, limit }: { readonly before?: BillingPeriod | undefined; readonly limit: number },
): Promise<z.output<typeof monthsSchema>> {
  const months = await listMonths(dependencies.db, mode, { before, limit: limit + 1 });
  const { rows, next } = pageOf(months, limit, ({ period }) => period);
  return { months: await Promise.all(rows.map((month) => listedMonth(dependencies, mode, month))), next };
}

async function listedMonth(dependencies: ApiDependencies, mode: Mode, { period, byStatus }: ListedMonth) {
  const { temporal, now = () => new Date() } = dependencies;
  const close = await closeStandingOf(temporal, { mode, period });
  return {
    period,
    isOver: isOver(period, now()),
    bills: sumCents(Object.values(byStatus).map(({ bills }) => bills)),
    totalCents: toCollectCents(byStatus),
    byStatus,
    close,
    phase: close === 'running' ? ((await askClose(temporal, { mode, period })).state?.phase ?? null) : null,
    workflow: workflowRef(dependencies, monthlyBillingWorkflowId(mode, period)),
  };
}

/** All that an operator wants to know of a month: from the database, and from its close as far as that answers. */
export async function describeMonth(dependencies: ApiDependencies, month: Month): Promise<MonthDetails> {
  const { db, now = () => new Date() } = dependencies;
  const { mode, period } = month;
  const [summary, awaitingRelease, progress, decisions] = await Promise.all([
    loadCloseSummary(db, month),
    countAwaitingRelease(db, month),
    closeProgress(dependencies, month),
    listCloseDecisions(db, month, DECISIONS_LISTED),
  ]);
  return {
    mode,
    period,
    isOver: isOver(period, now()),
    summary: {
      ...summary,
      biggest: [...summary.biggest],
      held: [...summary.held],
      parked: [...summary.parked],
    },
    awaitingRelease,
    ...progress,
    decisions: decisions.map(({ bills, decidedAt, ...decision }) => ({
      ...decision,
      bills: [...bills],
      decidedAt: decidedAt.toISOString(),
    })),
    workflow: workflowRef(dependencies, monthlyBillingWorkflowId(mode, period)),
  };
}

/**
 * What a close of the month would come to now. It computes each bill: four minutes for a million users.
 *
 * @param signal ends it when nobody waits for it any more.
 * @throws the signal's reason
 */
export async function previewMonth(
  { db, holdOutliers = null }: ApiDependencies,
  month: Month,
  signal?: AbortSignal,
): Promise<z.output<typeof previewSchema>> {
  const preview = await previewAtAGlance(db, month, { holdOutliers, listed: PREVIEW_LISTED, signal });
  const { biggest, mostChanged, problems, held, ...sums } = preview;
  return {
    mode: month.mode,
    period: month.period,
    ...sums,
    biggest: [...biggest],
    mostChanged: [...mostChanged],
    problems: [...problems],
    held: [...held],
  };
}
