import {
  allHandlersFinished,
  condition,
  executeChild,
  getExternalWorkflowHandle,
  setWorkflowOptions,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { BillsToCharge } from '../activities/monthly-close.ts';
import { atATime } from '../domain/at-a-time.ts';
import { periodEnd } from '../domain/billing-period.ts';
import {
  chargePartitionWorkflowId,
  type Month,
  type MonthlyBillingInput,
  type MonthlyBillingReport,
  type UserRange,
} from '../domain/monthly-close.ts';
import { batchActivities } from './activities.ts';
import { type ChargePartitionInput, chargePartitionWorkflow } from './charge-partition.ts';
import { MonthlyClose } from './monthly-close.ts';
import { handleCloseCalls } from './monthly-close-handlers.ts';
import { pinnedToVersion } from './pinned.ts';
import { allHaveGoneOutSignal } from './scheduled-monthly-billing.ts';
import { billingModeKey, billingPeriodKey } from './search-attributes.ts';

/** Partitions of a month that are worked on at the same time. */
const CONCURRENT_PARTITIONS = 4;

/**
 * The close of one month: waits for late events, freezes every user's bill, has them approved if the house asks for it,
 * and turns each into an invoice. Bills that are held wait for a person, and nobody waits for them: all others go out first.
 * A second run of the same month finds everything frozen and invoiced, and bills nothing but what was parked.
 */
export async function monthlyBillingWorkflow(input: MonthlyBillingInput): Promise<MonthlyBillingReport> {
  const { mode, period, onlyDecisions = false } = input;
  const month: Month = { mode, period };
  const close = new MonthlyClose(month);
  handleCloseCalls(close, month);
  upsertSearchAttributes([
    { key: billingModeKey, value: mode },
    { key: billingPeriodKey, value: period },
  ]);

  if (!onlyDecisions) {
    const rules = await batchActivities.billingRules();
    await collectLateEvents(close, month, rules.collectionWindowMs);
    await freeze(close, month);
    close.summarize(await batchActivities.summarizeClose(month));
    if (rules.approval === 'required') {
      close.enter('awaiting_approval');
      await condition(() => close.isApproved);
    }
    await chargeAll(close, month, 'frozen_and_parked');
  }
  do {
    await carryOutDecisions(close, month);
    close.balance = await batchActivities.balanceMonth(month);
    await condition(allHandlersFinished);
  } while (close.hasDecisions);
  close.enter('done');
  return close.report();
}

// It lives for hours, or until its last held bill is decided: so it keeps the code that it began with, its partitions too.
setWorkflowOptions(pinnedToVersion, monthlyBillingWorkflow);

async function collectLateEvents(close: MonthlyClose, month: Month, windowMs: number): Promise<void> {
  close.enter('collecting');
  const waitMs = periodEnd(month.period).getTime() + windowMs - Date.now();
  if (waitMs > 0) await sleep(waitMs);
}

async function freeze(close: MonthlyClose, month: Month): Promise<void> {
  close.enter('freezing');
  await atATime(CONCURRENT_PARTITIONS, await batchActivities.divideUsers(month), async (range) => {
    close.frozenBills += await batchActivities.freezeBills({ ...month, ...range });
    close.show();
  });
}

/** Does what operators decide until no held bill waits for one any more. */
async function carryOutDecisions(close: MonthlyClose, month: Month): Promise<void> {
  for (;;) {
    await condition(allHandlersFinished);
    if (close.parkedAreToBeRetried) {
      close.parkedAreToBeRetried = false;
      await chargeAll(close, month, 'parked');
    } else if (close.hasReleasedBills) {
      const billIds = await batchActivities.frozenAmong({ ...month, billIds: close.takeReleasedBills() });
      await charge(close, month, billIds.length, [billIds]);
    } else {
      close.summarize(await batchActivities.summarizeClose(month));
      if (!close.hasDecisions && (await batchActivities.countAwaitingRelease(month)) === 0) return;
      close.enter('awaiting_release');
      await tellSchedule();
      await condition(() => close.hasDecisions || close.heldBillsChanged);
      close.heldBillsChanged = false;
    }
  }
}

/** Brings all of the month's bills that may go out to Stripe, in partitions. */
async function chargeAll(close: MonthlyClose, month: Month, which: BillsToCharge): Promise<void> {
  const ranges = await batchActivities.divideBills({ ...month, which });
  const { byStatus } = await batchActivities.summarizeClose(month);
  const bills = byStatus.parked.bills + (which === 'parked' ? 0 : byStatus.frozen.bills);
  const partitions = ranges.map((range: UserRange) => ({ ...range, which }));
  await charge(close, month, bills, partitions);
}

async function charge(
  close: MonthlyClose,
  month: Month,
  bills: number,
  partitions: readonly ChargePartitionInput['bills'][],
): Promise<void> {
  const round = close.startRound(bills);
  const numbered = partitions.map((each, index) => ({ partition: `${round}-${index + 1}`, bills: each }));
  await atATime(CONCURRENT_PARTITIONS, numbered, async ({ partition, bills: ofPartition }) => {
    const charged = await executeChild(chargePartitionWorkflow, {
      workflowId: chargePartitionWorkflowId(month, partition),
      args: [{ ...month, partition, bills: ofPartition }],
      staticSummary: `Partition ${partition} of ${partitions.length} of the close of ${month.period}, ${month.mode}`,
    });
    close.partitionEnded(partition, charged);
  });
  close.endRound();
}

/** The next month's scheduled close need not wait for a person who looks at this one's held bills. */
async function tellSchedule(): Promise<void> {
  const { parent } = workflowInfo();
  if (parent === undefined) return;
  // It may have ended, having been told before.
  await getExternalWorkflowHandle(parent.workflowId)
    .signal(allHaveGoneOutSignal)
    .catch(() => undefined);
}
