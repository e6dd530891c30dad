import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { BillsDecisionType } from '../domain/close-decisions.ts';
import { type CloseSummary, closeSummaryMarkdown } from '../domain/close-summary.ts';
import { inWords } from '../domain/in-words.ts';
import { factsTable } from '../domain/markdown.ts';
import { formatCents, sumCents } from '../domain/money.ts';
import { BALANCE_PARTS, type MonthTotals, partsInWords } from '../domain/month-balance.ts';
import {
  type ChargedBills,
  type ClosePhase,
  type Month,
  type MonthlyBillingReport,
  outcomeOf,
  type StandStill,
} from '../domain/monthly-close.ts';
import { type PartitionProgress, standStillText } from './charge-partition.ts';
import { billingWaitingForKey } from './search-attributes.ts';

/** How far a close is, and what was decided about it and not done yet. */
export class MonthlyClose {
  phase: ClosePhase = 'collecting';
  frozenBills = 0;
  isApproved = false;
  /** Bills that were released after the others had gone, or while they went. */
  #releasedBills: string[] = [];
  parkedAreToBeRetried = false;
  /** Since it was last looked how many are held. */
  heldBillsChanged = false;
  balance: MonthTotals | null = null;
  #summary: CloseSummary | null = null;
  /** Of rounds that have ended. */
  #charged = sumOf([]);
  /** Of the round that goes on, partition by partition. */
  #partitions = new Map<string, PartitionProgress>();
  #isSaidToWait = false;
  #rounds = 0;
  #roundStartedAtMs = 0;
  #billsOfRound = 0;
  readonly #month: Month;

  constructor(month: Month) {
    this.#month = month;
  }

  get hasDecisions(): boolean {
    return this.#releasedBills.length > 0 || this.parkedAreToBeRetried;
  }

  get hasReleasedBills(): boolean {
    return this.#releasedBills.length > 0;
  }

  takeReleasedBills(): string[] {
    return this.#releasedBills.splice(0);
  }

  billsWereDecidedOn(type: BillsDecisionType, bills: readonly string[]): void {
    this.heldBillsChanged = true;
    // Before any went out, one that is released goes with the others.
    const allGoStill = this.phase === 'freezing' || this.phase === 'awaiting_approval';
    if (type === 'release' && !allGoStill) this.#releasedBills.push(...bills);
  }

  enter(phase: ClosePhase): void {
    this.phase = phase;
    this.show();
    const waitsForOperator = phase === 'awaiting_approval' || phase === 'awaiting_release';
    if (waitsForOperator === this.#isSaidToWait) return;
    this.#isSaidToWait = waitsForOperator;
    upsertSearchAttributes([{ key: billingWaitingForKey, value: waitsForOperator ? 'operator' : null }]);
  }

  /** Shows what a person decides on. */
  summarize(summary: CloseSummary): void {
    this.#summary = summary;
    this.show();
  }

  /**
   * @param bills how many are expected to go out.
   * @returns the round's number, from 1.
   */
  startRound(bills: number): number {
    this.#rounds += 1;
    this.#roundStartedAtMs = Date.now();
    this.#billsOfRound = bills;
    this.enter('invoicing');
    return this.#rounds;
  }

  partitionGoesOn(progress: PartitionProgress): void {
    this.#partitions.set(progress.partition, progress);
    this.show();
  }

  partitionEnded(partition: string, charged: ChargedBills): void {
    this.partitionGoesOn({ partition, ...charged, waiting: null });
  }

  endRound(): void {
    this.#charged = this.#chargedSoFar();
    this.#partitions = new Map();
    this.show();
  }

  report(): MonthlyBillingReport {
    const charged = this.#chargedSoFar();
    const { mode, period } = this.#month;
    const known = this.phase === 'invoicing' ? undefined : this.#summary?.byStatus;
    return {
      mode,
      period,
      phase: this.phase,
      frozenBills: this.frozenBills,
      ...charged,
      parkedBills: known?.parked.bills ?? charged.parkedBills,
      heldBills: this.#summary?.byStatus.held.bills ?? 0,
      waiting: this.#standStill(),
      balance: this.balance,
    };
  }

  /** What the Temporal Web UI shows. */
  show(): void {
    const report = this.report();
    const rows: (readonly [string, string] | null)[] = [
      ['Month', `${report.period} (${report.mode})`],
      ['Now', `**${report.phase === 'done' ? outcomeOf(report) : inWords(report.phase)}**`],
      report.waiting && ['**Waits for Stripe**', standStillText(report.waiting)],
      ['Bills frozen', String(report.frozenBills)],
      ['Bills invoiced', `${report.invoicedBills}, ${formatCents(report.invoicedCents)}`],
      report.phase === 'invoicing' ? ['Speed', this.#speed()] : null,
      ['Parked', String(report.parkedBills)],
      ['Held', String(report.heldBills)],
      report.balance && ['Used', balanceText(report.balance)],
    ];
    const table = factsTable(rows.filter((row) => row !== null));
    const summary = this.#summary === null ? '' : `\n\n${closeSummaryMarkdown(this.#summary)}`;
    setCurrentDetails(table + summary);
  }

  #chargedSoFar(): ChargedBills {
    return sumOf([this.#charged, ...this.#partitions.values()]);
  }

  /** Of the partition that waits longest. */
  #standStill(): StandStill | null {
    const waiting = [...this.#partitions.values()].flatMap((each) => each.waiting ?? []);
    return waiting.toSorted((a, b) => a.sinceMs - b.sinceMs)[0] ?? null;
  }

  /** Of the round, up to the last news. */
  #speed(): string {
    const { invoicedBills, parkedBills } = sumOf([...this.#partitions.values()]);
    const done = invoicedBills + parkedBills;
    const perSecond = done / Math.max(1, (Date.now() - this.#roundStartedAtMs) / 1_000);
    if (done === 0) return `of ${this.#billsOfRound} none yet`;
    const minutes = Math.ceil(Math.max(0, this.#billsOfRound - done) / perSecond / 60);
    return `${done} of ${this.#billsOfRound}, ${perSecond.toFixed(1)} a second, about ${minutes} min to go`;
  }
}

function sumOf(parts: readonly ChargedBills[]): ChargedBills {
  return {
    invoicedBills: sumCents(parts.map((each) => each.invoicedBills)),
    invoicedCents: sumCents(parts.map((each) => each.invoicedCents)),
    parkedBills: sumCents(parts.map((each) => each.parkedBills)),
  };
}

/** Such as `$1,250.00 = $1,200.00 billed + $50.00 parked`. */
function balanceText(totals: MonthTotals): string {
  const sum = partsInWords(BALANCE_PARTS, totals).join(' + ');
  const { contradictions } = totals;
  const warning =
    contradictions === 0
      ? ''
      : ` — **${contradictions} users' totals contradict their bills** (run \`balance\`)`;
  return `${formatCents(totals.usedCents)} = ${sum}${warning}`;
}
