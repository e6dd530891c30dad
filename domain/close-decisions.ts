/** What an operator may decide about a close, and when: the validators of the workflow's updates. */

import type { BillStatus } from './bill.ts';
import { inWords } from './in-words.ts';
import type { ClosePhase, Month } from './monthly-close.ts';
import { MAX_TEXT_LENGTH } from './operator-decisions.ts';

/** So many bills in one decision: each is looked at in one transaction. */
export const MAX_BILLS_OF_DECISION = 1_000;

/** What the update `approve` takes: who lets the frozen bills of the month go out. */
export interface Approval {
  readonly approvedBy: string;
}

/** What the updates `hold`, `release` and `skip` take. */
export interface BillsDecision {
  /** `bill_…`, at most {@link MAX_BILLS_OF_DECISION}. */
  readonly bills: readonly string[];
  /** Who decides. */
  readonly by: string;
  /** Why; kept with the decision, and of `hold` shown with the bill. */
  readonly reason?: string;
}

/** What the update `retryParked` takes: who has the month's parked bills tried again. */
export interface RetryParked {
  readonly by: string;
}

/** What may be decided about a close, as it is stored. */
export const CLOSE_DECISION_TYPES = ['approve', 'hold', 'release', 'skip', 'retryParked'] as const;

/** Those that are about bills, not about the month. */
export type BillsDecisionType = Extract<(typeof CLOSE_DECISION_TYPES)[number], 'hold' | 'release' | 'skip'>;

/** Ids of bills, or of users: then all of their bills of the month. `all`: those that are held. */
export type BillsChoice = readonly string[] | 'all';

/** A decision as it is stored. */
export interface CloseDecision {
  readonly type: (typeof CLOSE_DECISION_TYPES)[number];
  /** Those that it is about; none: the month. */
  readonly bills: readonly string[];
  readonly by: string;
  readonly reason: string | null;
}

/** Why the month can't be approved, in a sentence; `null` when it can. */
export function whyNotApprove(
  request: Approval | undefined,
  phase: ClosePhase,
  isApproved: boolean,
): string | null {
  if (!isText(request?.approvedBy)) return 'Say who approves: {"approvedBy": "your name"}';
  if (isApproved) return 'This month is approved already.';
  if (phase === 'awaiting_approval') return null;
  return `There is nothing to approve: the close is ${inWords(phase)}.`;
}

/** Why nothing can be decided about the bills, in a sentence; `null`: then it depends on how each of them stands. */
export function whyNotDecideOnBills(
  type: BillsDecisionType,
  request: BillsDecision | undefined,
  phase: ClosePhase,
): string | null {
  const example = `{"bills": ["bill_…"], "by": "your name"${type === 'hold' ? ', "reason": "…"' : ''}}`;
  const bills: unknown = request?.bills;
  if (!Array.isArray(bills) || bills.length === 0 || !bills.every(isText)) {
    return `Say which bills, by their ids: ${example}`;
  }
  if (bills.length > MAX_BILLS_OF_DECISION) {
    return `Decide about at most ${MAX_BILLS_OF_DECISION} bills at a time, not ${bills.length}.`;
  }
  if (!isText(request?.by)) return `Say who decides: ${example}`;
  if (request.reason === undefined ? type === 'hold' : !isText(request.reason)) {
    return `Say why in 1 to ${MAX_TEXT_LENGTH} characters: ${example}`;
  }
  return phase === 'done' ? HAS_ENDED : null;
}

/** How a bill stands that something is decided about. */
export interface BillStanding {
  readonly status: BillStatus;
  /** Since when Stripe may know of it. */
  readonly invoicingSince: Date | null;
  readonly skippedAt: Date | null;
}

/** Why this can't be decided about the bill, as the rest of a sentence about it; `null` when it can. */
export function whyNotDecideOnBill(type: BillsDecisionType, bill: BillStanding | undefined): string | null {
  if (bill === undefined) return 'is no bill of this month';
  const status = inWords(bill.status);
  if (type === 'hold') {
    if (bill.status !== 'frozen') return `is ${status}`;
    return bill.invoicingSince === null ? null : 'is on its way to Stripe; void its invoice there';
  }
  if (bill.status !== 'held') return `is not held but ${status}`;
  return type === 'skip' && bill.skippedAt !== null ? 'is skipped already' : null;
}

/** What to say to whoever has chosen no bill at all. */
export function noBillChosen({ mode, period }: Month, choice: BillsChoice): string {
  return choice === 'all'
    ? `No bill of ${period} (${mode}) is held.`
    : `Name bills of ${period} (${mode}): bill_…, or a user's id.`;
}

/** Why parked bills can't be tried again, in a sentence; `null` when they can. */
export function whyNotRetryParked(request: RetryParked | undefined, phase: ClosePhase): string | null {
  if (!isText(request?.by)) return 'Say who decides: {"by": "your name"}';
  return phase === 'done' ? HAS_ENDED : null;
}

const HAS_ENDED = 'The close has just ended; send it again to start one for this decision.';

function isText(text: unknown): text is string {
  return typeof text === 'string' && text.trim() !== '' && text.length <= MAX_TEXT_LENGTH;
}
