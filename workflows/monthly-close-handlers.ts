import {
  ActivityFailure,
  currentUpdateInfo,
  defineQuery,
  defineUpdate,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import {
  type Approval,
  type BillsDecision,
  type BillsDecisionType,
  type CloseDecision,
  type RetryParked,
  whyNotApprove,
  whyNotDecideOnBills,
  whyNotRetryParked,
} from '../domain/close-decisions.ts';
import {
  APPROVE_UPDATE,
  BILLING_PROGRESS_QUERY,
  HOLD_UPDATE,
  type Month,
  type MonthlyBillingReport,
  RELEASE_UPDATE,
  RETRY_PARKED_UPDATE,
  SKIP_UPDATE,
} from '../domain/monthly-close.ts';
import { batchActivities } from './activities.ts';
import { partitionProgressSignal } from './charge-partition.ts';
import type { MonthlyClose } from './monthly-close.ts';
import { refuseUpdate } from './refuse-update.ts';

const billingProgressQuery = defineQuery<MonthlyBillingReport>(BILLING_PROGRESS_QUERY);
const approveUpdate = defineUpdate<void, [Approval]>(APPROVE_UPDATE);
const holdUpdate = defineUpdate<void, [BillsDecision]>(HOLD_UPDATE);
const releaseUpdate = defineUpdate<void, [BillsDecision]>(RELEASE_UPDATE);
const skipUpdate = defineUpdate<void, [BillsDecision]>(SKIP_UPDATE);
const retryParkedUpdate = defineUpdate<void, [RetryParked]>(RETRY_PARKED_UPDATE);

/** Everything that can be said to a close, with what the Temporal Web UI tells an operator of it. */
export function handleCloseCalls(close: MonthlyClose, month: Month): void {
  setHandler(billingProgressQuery, () => close.report(), { description: 'How far the close is.' });
  setHandler(partitionProgressSignal, (progress) => close.partitionGoesOn(progress), {
    description: 'A partition says how far it is.',
  });

  /** Records the decision, under an id that a second attempt has too. */
  const save = async (decision: CloseDecision): Promise<void> => {
    const decisionId = `${workflowInfo().runId}:${currentUpdateInfo()?.id ?? ''}`;
    try {
      await batchActivities.saveCloseDecision({ ...month, decisionId, decision });
    } catch (error) {
      // The operator is to read the sentence, not that an activity failed with it.
      throw error instanceof ActivityFailure ? (error.cause ?? error) : error;
    }
  };

  setHandler(
    approveUpdate,
    async ({ approvedBy }) => {
      await save({ type: 'approve', bills: [], by: approvedBy, reason: null });
      close.isApproved = true;
    },
    {
      description: 'Lets the frozen bills of this month go out: {"approvedBy": "your name"}.',
      validator: (request: Approval | undefined) =>
        refuseUpdate(whyNotApprove(request, close.phase, close.isApproved)),
    },
  );

  const decideOnBills = async (
    type: BillsDecisionType,
    { bills, by, reason = null }: { bills: readonly string[]; by: string; reason?: string | null },
  ): Promise<void> => {
    await save({ type, bills: [...new Set(bills)], by, reason });
    close.billsWereDecidedOn(type, bills);
    close.summarize(await batchActivities.summarizeClose(month));
  };
  const validatorOf = (type: BillsDecisionType) => (request: BillsDecision | undefined) =>
    refuseUpdate(whyNotDecideOnBills(type, request, close.phase));

  setHandler(holdUpdate, async (request) => await decideOnBills('hold', request), {
    description:
      'Keeps frozen bills from going out: {"bills": ["bill_…"], "by": "your name", "reason": "…"}. Those on their way are too late.',
    validator: validatorOf('hold'),
  });
  setHandler(releaseUpdate, async (request) => await decideOnBills('release', request), {
    description: 'Lets held bills go out: {"bills": ["bill_…"], "by": "your name"}.',
    validator: validatorOf('release'),
  });
  setHandler(skipUpdate, async (request) => await decideOnBills('skip', request), {
    description:
      'Held bills stay held, and the close ends without them: {"bills": ["bill_…"], "by": "your name"}. They can be released later.',
    validator: validatorOf('skip'),
  });
  setHandler(
    retryParkedUpdate,
    async ({ by }) => {
      await save({ type: 'retryParked', bills: [], by, reason: null });
      close.parkedAreToBeRetried = true;
    },
    {
      description: 'Tries the parked bills of this month once more: {"by": "your name"}.',
      validator: (request: RetryParked | undefined) => refuseUpdate(whyNotRetryParked(request, close.phase)),
    },
  );
}
