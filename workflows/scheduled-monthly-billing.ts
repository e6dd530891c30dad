import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  condition,
  defineSignal,
  ParentClosePolicy,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { periodClosedAt } from '../domain/billing-period.ts';
import type { Mode } from '../domain/mode.ts';
import {
  MONTHLY_BILLING_WORKFLOW,
  type MonthlyBillingReport,
  monthlyBillingStart,
} from '../domain/monthly-close.ts';
import type { monthlyBillingWorkflow } from './monthly-billing.ts';

/** A close says to its Schedule: only held bills are left, and they wait for a person. */
export const allHaveGoneOutSignal = defineSignal('allHaveGoneOut');

/**
 * What the Schedule starts on the 1st of each month. The period comes from the time it was scheduled for, so a catch-up or
 * a back-fill of last March bills last March; the close then runs under the month's own id, where a manual one would be. It
 * ends with the close, or when nothing but held bills is left of it: the next month does not wait for them.
 *
 * @returns the close's report, `awaiting_release`, or `already_running` when somebody has started this month's close by hand.
 */
export async function scheduledMonthlyBillingWorkflow({
  mode,
}: {
  readonly mode: Mode;
}): Promise<MonthlyBillingReport | 'awaiting_release' | 'already_running'> {
  const scheduledFor: unknown = workflowInfo().searchAttributes['TemporalScheduledStartTime']?.[0];
  const period = periodClosedAt(scheduledFor instanceof Date ? scheduledFor : workflowInfo().startTime);
  let haveAllGoneOut = false;
  setHandler(allHaveGoneOutSignal, () => {
    haveAllGoneOut = true;
  });
  try {
    const close = await startChild<typeof monthlyBillingWorkflow>(MONTHLY_BILLING_WORKFLOW, {
      ...monthlyBillingStart({ mode, period }),
      parentClosePolicy: ParentClosePolicy.ABANDON,
    });
    return await Promise.race([
      close.result(),
      condition(() => haveAllGoneOut).then(() => 'awaiting_release' as const),
    ]);
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'already_running';
    throw error;
  }
}
