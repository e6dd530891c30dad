import {
  ActivityFailure,
  ApplicationFailure,
  continueAsNew,
  defineSignal,
  getExternalWorkflowHandle,
  isCancellation,
  setCurrentDetails,
  setWorkflowOptions,
  workflowInfo,
} from '@temporalio/workflow';
import type { BillsPage, BillsToCharge } from '../activities/monthly-close.ts';
import { atATime } from '../domain/at-a-time.ts';
import { factsTable, instantText, tableCell } from '../domain/markdown.ts';
import { formatCents } from '../domain/money.ts';
import type { ChargedBills, Month, StandStill, UserRange } from '../domain/monthly-close.ts';
import { problemOfFailure } from '../domain/stripe-failure.ts';
import { batchActivities, chargeActivities } from './activities.ts';
import { pinnedToVersion } from './pinned.ts';
import { StripeCircuit } from './stripe-circuit.ts';

/** What a partition tells its close. */
export interface PartitionProgress extends ChargedBills {
  readonly partition: string;
  readonly waiting: StandStill | null;
}

/** Signal of a partition to its close: after each page of bills, and when it begins or ceases to wait for Stripe. */
export const partitionProgressSignal = defineSignal<[PartitionProgress]>('partitionProgress');

/** Which of a month's bills a partition is to bring to Stripe. */
export interface ChargePartitionInput extends Month {
  /** Its name within the close. */
  readonly partition: string;
  /** The bills of a range of users, or those that are named. */
  readonly bills: (UserRange & { readonly which: BillsToCharge }) | readonly string[];
}

/** Bills in one page: one activity reads it, and the workflow holds no more than this many at a time. */
const PAGE_SIZE = 250;
/** Bills on their way to Stripe at the same time: enough for Stripe's rate where each request takes half a second. */
const CONCURRENT_BILLS = 25;
/** A bill that has failed so often, while others got through in between, is parked. */
const MAX_FAILURES_BESIDE_OTHERS = 3;
/** The last of its partition, which has no others, is tried for about a day. */
const MAX_FAILURES = 300;

/** Turns one partition of a month's bills into invoices, and waits as long as Stripe is down. */
export async function chargePartitionWorkflow(
  input: ChargePartitionInput,
  /** What the runs before have come to. */
  charged: ChargedBills = { invoicedBills: 0, invoicedCents: 0, parkedBills: 0 },
): Promise<ChargedBills> {
  const partition = new Partition(input, charged);
  const { bills, partition: _, ...month } = input;
  if (!('which' in bills)) {
    await partition.charge(bills);
    return partition.charged;
  }
  for (let range: UserRange = bills; ; ) {
    const page: BillsPage = await batchActivities.listBillsPage({
      ...month,
      ...range,
      which: bills.which,
      limit: PAGE_SIZE,
    });
    await partition.charge(page.billIds);
    if (page.lastUserId === null) return partition.charged;
    await partition.tell();
    range = { ...range, afterUserId: page.lastUserId };
    if (workflowInfo().continueAsNewSuggested) {
      const rest = { ...bills, ...range };
      await continueAsNew<typeof chargePartitionWorkflow>({ ...input, bills: rest }, partition.charged);
    }
  }
}

// As its close.
setWorkflowOptions(pinnedToVersion, chargePartitionWorkflow);

class Partition {
  charged: ChargedBills;
  #waiting: StandStill | null = null;
  readonly #input: ChargePartitionInput;
  readonly #circuit: StripeCircuit;

  constructor(input: ChargePartitionInput, charged: ChargedBills) {
    this.#input = input;
    this.charged = charged;
    this.#circuit = new StripeCircuit(
      () => batchActivities.stripeAnswers({ mode: input.mode }),
      async (waiting) => {
        this.#waiting = waiting;
        await this.tell();
      },
    );
    this.#show();
  }

  /** Some at a time, until each has its invoice or is parked. */
  async charge(billIds: readonly string[]): Promise<void> {
    await atATime(CONCURRENT_BILLS, billIds, (billId) => this.#chargeBill(billId));
  }

  /** Tells the close how far this is. */
  async tell(): Promise<void> {
    this.#show();
    const close = workflowInfo().parent;
    if (close === undefined) return;
    const progress = { partition: this.#input.partition, ...this.charged, waiting: this.#waiting };
    await getExternalWorkflowHandle(close.workflowId).signal(partitionProgressSignal, progress);
  }

  async #chargeBill(billId: string): Promise<void> {
    const { mode } = this.#input;
    let failuresBesideOthers = 0;
    let othersSeen = this.#circuit.successes;
    for (let failures = 1; ; failures += 1) {
      await this.#circuit.enter();
      try {
        const bill = await chargeActivities[mode].invoiceBill.executeWithOptions({ summary: billId }, [
          { mode, billId },
        ]);
        await this.#circuit.succeeded();
        this.#count(bill.status, bill.totalCents);
        return;
      } catch (error) {
        const problem = problemOf(error);
        if (this.#circuit.successes > othersSeen) failuresBesideOthers += 1;
        othersSeen = this.#circuit.successes;
        await this.#circuit.failed(problem);
        if (failuresBesideOthers < MAX_FAILURES_BESIDE_OTHERS && failures < MAX_FAILURES) continue;
        await batchActivities.parkBill({ mode, billId, problem });
        this.#count('parked', 0);
        return;
      }
    }
  }

  #count(status: string, cents: number): void {
    const { invoicedBills, invoicedCents, parkedBills } = this.charged;
    if (status === 'parked') this.charged = { ...this.charged, parkedBills: parkedBills + 1 };
    else if (status !== 'held') {
      this.charged = {
        ...this.charged,
        invoicedBills: invoicedBills + 1,
        invoicedCents: invoicedCents + cents,
      };
    }
  }

  #show(): void {
    const { invoicedBills, invoicedCents, parkedBills } = this.charged;
    const facts = factsTable([
      ['Bills invoiced', `${invoicedBills}, ${formatCents(invoicedCents)}`],
      ['Parked', String(parkedBills)],
      ...(this.#waiting === null ? [] : [['**Waits for Stripe**', standStillText(this.#waiting)] as const]),
    ]);
    setCurrentDetails(facts);
  }
}

/** `since 2026-11-01 03:10:02 UTC: Stripe: …` */
export function standStillText({ sinceMs, problem }: StandStill): string {
  return `since ${instantText(sinceMs)}: ${tableCell(problem, 300)}`;
}

/** @throws whatever is not an activity that has failed. */
function problemOf(error: unknown): string {
  if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
  const { cause } = error;
  if (cause instanceof ApplicationFailure && cause.nonRetryable === true) throw error;
  return cause instanceof ApplicationFailure ? problemOfFailure(cause) : (cause?.message ?? error.message);
}
