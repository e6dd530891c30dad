import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { sql } from 'kysely';
import { parkBill } from '../db/bill-status.ts';
import {
  countAwaitingRelease,
  DecisionRefused,
  frozenAmong,
  saveCloseDecision,
} from '../db/close-decisions.ts';
import { type Division, divideBills, divideUsers, listBillsOfRange } from '../db/close-pages.ts';
import { loadCloseSummary } from '../db/close-summary.ts';
import { countBillsFrozenBy, freezeBill, listUsersToFreeze } from '../db/freeze.ts';
import { loadMonthBalance } from '../db/month-balance.ts';
import { TO_INVOICE_STATUSES } from '../domain/bill.ts';
import type { CloseDecision } from '../domain/close-decisions.ts';
import type { CloseSummary } from '../domain/close-summary.ts';
import { type MonthTotals, monthTotals } from '../domain/month-balance.ts';
import type { Month, UserRange } from '../domain/monthly-close.ts';
import { type ActivityDependencies, type BillingRules, stripeOf } from './dependencies.ts';

/** Which bills go out: those that no invoice was made of yet, all of them or the parked only. */
export type BillsToCharge = 'frozen_and_parked' | 'parked';

const STATUSES = { frozen_and_parked: TO_INVOICE_STATUSES, parked: ['parked'] } as const;
/** Of a month that is divided the held ones too: one may be released before its turn comes, and must be in some range. */
const DIVIDED = { frozen_and_parked: [...TO_INVOICE_STATUSES, 'held'], parked: ['parked'] } as const;

/** Few enough that the close itself holds them all, and small enough that a month of two thousand users has several. */
const DIVISION: Division = { size: 500, maxPartitions: 200 };
const FREEZE_PAGE = 500;

/** In the order of their users. All bills of a user are on one page, though it be a few more than were asked for. */
export interface BillsPage {
  readonly billIds: readonly string[];
  /** Where the next page begins; `null` after the last one. */
  readonly lastUserId: string | null;
}

/** What they throw is the database's, and worth another attempt. */
export function createMonthlyCloseActivities(dependencies: ActivityDependencies) {
  const { db, rules } = dependencies;
  return {
    /** The house rules that a close needs to know, as they are configured now. */
    async billingRules(): Promise<Pick<BillingRules, 'collectionWindowMs' | 'approval'>> {
      return await Promise.resolve({
        collectionWindowMs: rules.collectionWindowMs,
        approval: rules.approval,
      });
    },

    /** Ranges of users to freeze, one beside the other. */
    async divideUsers({ mode }: Month): Promise<UserRange[]> {
      return await divideUsers(db, mode, DIVISION);
    },

    /**
     * Freezes the bills of a range of users, each in a transaction of its own; those frozen before stay as they are, so that a
     * second attempt goes through them quickly.
     *
     * @returns how many the close has frozen, those of an attempt that broke off included.
     */
    async freezeBills({ mode, period, ...range }: Month & UserRange): Promise<number> {
      const { workflowExecution: workflow } = activityInfo();
      const { holdOutliers } = rules;
      for (let afterUserId: string | undefined = range.afterUserId; afterUserId !== undefined; ) {
        const page = { ...range, afterUserId, limit: FREEZE_PAGE };
        const userIds = await listUsersToFreeze(db, { mode, period }, page);
        for (const userId of userIds) {
          await freezeBill(db, { mode, userId, period }, { workflow, holdOutliers });
        }
        afterUserId = userIds.length < FREEZE_PAGE ? undefined : userIds.at(-1);
      }
      return await countBillsFrozenBy(db, workflow, { mode, period, ...range });
    },

    /** Ranges of users whose bills are to go out, or may be released until then. */
    async divideBills({ which, ...month }: Month & { readonly which: BillsToCharge }): Promise<UserRange[]> {
      return await divideBills(db, month, DIVIDED[which], DIVISION);
    },

    /** One page of the bills that are to go out. */
    async listBillsPage({
      which,
      limit,
      mode,
      period,
      ...range
    }: Month & UserRange & { readonly which: BillsToCharge; readonly limit: number }): Promise<BillsPage> {
      const bills = await listBillsOfRange(db, { mode, period }, STATUSES[which], { ...range, limit });
      const lastUserId = bills.length < limit ? null : (bills.at(-1)?.userId ?? null);
      return { billIds: bills.map((bill) => bill.billId), lastUserId };
    },

    /** Sets a bill aside that nothing but itself keeps from going out. */
    async parkBill({
      mode,
      billId,
      problem,
    }: Pick<Month, 'mode'> & { readonly billId: string; readonly problem: string }): Promise<void> {
      await parkBill(db, mode, billId, problem);
    },

    /**
     * Fails as long as the database or Stripe does not answer: what a close that stands still waits for.
     *
     * @throws StripeError, or the database's error; retryable.
     */
    async stripeAnswers({ mode }: Pick<Month, 'mode'>): Promise<void> {
      await sql`SELECT 1`.execute(db);
      await stripeOf(dependencies, mode).invoices.list({ limit: 1 });
    },

    /**
     * Records an operator's decision, and what it changes of bills.
     *
     * @throws ApplicationFailure `DecisionRefused` (not retryable) with a sentence for the operator.
     */
    async saveCloseDecision({
      decisionId,
      decision,
      ...month
    }: Month & { readonly decisionId: string; readonly decision: CloseDecision }): Promise<void> {
      try {
        await saveCloseDecision(db, month, { decisionId, decision });
      } catch (error) {
        if (!(error instanceof DecisionRefused)) throw error;
        const { message, name: type } = error;
        throw ApplicationFailure.create({ message, type, nonRetryable: true });
      }
    },

    /** Which of the bills that were released have not gone out yet. */
    async frozenAmong({
      mode,
      billIds,
    }: Pick<Month, 'mode'> & { readonly billIds: readonly string[] }): Promise<string[]> {
      return await frozenAmong(db, mode, billIds);
    },

    /** How many held bills the close waits for. */
    async countAwaitingRelease(month: Month): Promise<number> {
      return await countAwaitingRelease(db, month);
    },

    /** The month for the person who is to decide about it. */
    async summarizeClose(month: Month): Promise<CloseSummary> {
      return await loadCloseSummary(db, month);
    },

    /** Where all usage of the month has gone. */
    async balanceMonth(month: Month): Promise<MonthTotals> {
      return monthTotals(await loadMonthBalance(db, month));
    },
  };
}
