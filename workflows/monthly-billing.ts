import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  condition,
  continueAsNew,
  defineQuery,
  defineUpdate,
  executeChild,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { BillsPage, FrozenPage } from '../activities/monthly-billing.ts';
import { periodClosedAt, periodEnd } from '../domain/billing-period.ts';
import type { Mode } from '../domain/mode.ts';
import { formatCents } from '../domain/money.ts';
import {
  APPROVE_UPDATE,
  BILLING_PROGRESS_QUERY,
  type MonthlyBillingInput,
  type MonthlyBillingReport,
  monthlyBillingWorkflowId,
} from '../domain/workflow-contracts.ts';
import { batchActivities } from './activities.ts';
import { billingMode, billingPeriod } from './search-attributes.ts';

export const billingProgressQuery = defineQuery<MonthlyBillingReport>(BILLING_PROGRESS_QUERY);
export interface Approval {
  readonly approvedBy: string;
}

export const approveUpdate = defineUpdate<void, [Approval]>(APPROVE_UPDATE);

/** Users or bills in one page: one activity reads it, and the workflow holds no more than this many at a time. */
const PAGE_SIZE = 500;
/** Bills on their way to Stripe at the same time. */
const CONCURRENT_BILLS = 20;

type Progress = { -readonly [Key in keyof MonthlyBillingReport]: MonthlyBillingReport[Key] };

/** Where continue-as-new goes on. */
export interface MonthlyBillingCheckpoint {
  readonly progress: MonthlyBillingReport;
  /** The last user whose bill this run has dealt with. */
  readonly afterUserId: string;
}

/**
 * The close of one month: waits for late events, freezes every user's bill, has them approved if the house asks for it,
 * and turns each into an invoice. A second run of the same month finds everything frozen and invoiced, and bills nothing.
 * A bill that Stripe refuses for good is parked; it never stops the others.
 */
export async function monthlyBillingWorkflow(
  input: MonthlyBillingInput,
  checkpoint?: MonthlyBillingCheckpoint,
): Promise<MonthlyBillingReport> {
  const progress: Progress = { ...(checkpoint?.progress ?? newReport(input)) };
  setHandler(billingProgressQuery, () => progress, { description: 'How far the close is.' });
  const isApproved = handleApproval(progress);
  upsertSearchAttributes([
    { key: billingMode, value: input.mode },
    { key: billingPeriod, value: input.period },
  ]);

  if (checkpoint === undefined) {
    const rules = await batchActivities.billingRules();
    await collectLateEvents(input, progress, rules.collectionWindowMs);
    await freeze(input, progress);
    if (rules.approval === 'required') {
      show(progress, 'awaiting_approval');
      await condition(isApproved);
    }
  }
  await invoice(input, progress, checkpoint?.afterUserId ?? '');
  show(progress, 'done');
  return progress;
}

/**
 * What the Schedule starts on the 1st of each month. The period comes from the time it was scheduled for, so a catch-up or
 * a back-fill of last March bills last March; the close then runs under the month's own id, where a manual one would be.
 *
 * @returns the close's report, or `already_running` when somebody has started this month's close by hand.
 */
export async function scheduledMonthlyBillingWorkflow({
  mode,
}: {
  readonly mode: Mode;
}): Promise<MonthlyBillingReport | 'already_running'> {
  const scheduledFor: unknown = workflowInfo().searchAttributes['TemporalScheduledStartTime']?.[0];
  const period = periodClosedAt(scheduledFor instanceof Date ? scheduledFor : workflowInfo().startTime);
  try {
    return await executeChild(monthlyBillingWorkflow, {
      workflowId: monthlyBillingWorkflowId(mode, period),
      args: [{ mode, period }],
      parentClosePolicy: ParentClosePolicy.ABANDON,
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'already_running';
    throw error;
  }
}

function newReport({ mode, period }: MonthlyBillingInput): MonthlyBillingReport {
  return {
    mode,
    period,
    phase: 'collecting',
    frozenBills: 0,
    invoicedBills: 0,
    parkedBills: 0,
    invoicedCents: 0,
  };
}

async function collectLateEvents(
  input: MonthlyBillingInput,
  progress: Progress,
  windowMs: number,
): Promise<void> {
  show(progress, 'collecting');
  const waitMs = periodEnd(input.period).getTime() + windowMs - Date.now();
  if (waitMs > 0) await sleep(waitMs);
}

async function freeze(input: MonthlyBillingInput, progress: Progress): Promise<void> {
  let afterUserId: string | null = '';
  while (afterUserId !== null) {
    show(progress, 'freezing');
    const page: FrozenPage = await batchActivities.freezeBillsPage({
      ...input,
      afterUserId,
      limit: PAGE_SIZE,
    });
    progress.frozenBills += page.frozenBills;
    afterUserId = page.lastUserId;
  }
}

/** @returns whether somebody has approved. The handler is there from the start, so that an early approval hears why not yet. */
function handleApproval(progress: Progress): () => boolean {
  let approved = false;
  setHandler(
    approveUpdate,
    () => {
      approved = true;
    },
    {
      description: 'Lets the frozen bills of this month go out.',
      validator: ({ approvedBy }: Approval) => {
        if (approvedBy.trim() === '') throw new Error('Say who approves: {"approvedBy": "…"}');
        if (approved) throw new Error('This month is approved already.');
        if (progress.phase !== 'awaiting_approval') {
          throw new Error(`There is nothing to approve: the close is ${progress.phase}.`);
        }
      },
    },
  );
  return () => approved;
}

async function invoice(
  input: MonthlyBillingInput,
  progress: Progress,
  startAfterUserId: string,
): Promise<void> {
  let afterUserId: string | null = startAfterUserId;
  while (afterUserId !== null) {
    show(progress, 'invoicing');
    const page: BillsPage = await batchActivities.listBillsPage({ ...input, afterUserId, limit: PAGE_SIZE });
    await invoicePage(input, progress, page.billIds);
    afterUserId = page.lastUserId;
    if (afterUserId !== null && workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof monthlyBillingWorkflow>(input, { progress, afterUserId });
    }
  }
}

async function invoicePage(
  input: MonthlyBillingInput,
  progress: Progress,
  billIds: readonly string[],
): Promise<void> {
  const waiting = [...billIds];
  const takeTurns = async () => {
    for (let billId = waiting.shift(); billId !== undefined; billId = waiting.shift()) {
      const bill = await batchActivities.invoiceBill.executeWithOptions({ summary: billId }, [
        { mode: input.mode, billId },
      ]);
      if (bill.status === 'parked') {
        progress.parkedBills += 1;
      } else {
        progress.invoicedBills += 1;
        progress.invoicedCents += bill.totalCents;
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT_BILLS }, takeTurns));
}

function show(progress: Progress, phase: MonthlyBillingReport['phase']): void {
  progress.phase = phase;
  setCurrentDetails(
    [
      '| | |',
      '|---|---|',
      `| Month | ${progress.period} (${progress.mode}) |`,
      `| Now | **${phase.replace('_', ' ')}** |`,
      `| Bills frozen | ${progress.frozenBills} |`,
      `| Bills invoiced | ${progress.invoicedBills}, ${formatCents(progress.invoicedCents)} |`,
      `| Parked | ${progress.parkedBills} |`,
    ].join('\n'),
  );
}
