import {
  type BillsChoice,
  type BillsDecisionType,
  type CloseDecision,
  whyNotDecideOnBill,
} from '../domain/close-decisions.ts';
import type { Mode } from '../domain/mode.ts';
import type { Month } from '../domain/monthly-close.ts';
import type { Database, DatabaseTransaction } from './database.ts';
import { inTransaction } from './transaction.ts';

/** A decision about a close, with when it was made. */
export interface RecordedCloseDecision extends CloseDecision {
  readonly decidedAt: Date;
}

/** A decision that the bills as they stand don't allow. The message says why, bill by bill. */
export class DecisionRefused extends Error {
  override readonly name = 'DecisionRefused';
}

/**
 * Records what an operator has decided about a month, and lets it hold from now on: for all the bills that are named, or for none.
 * Once per `decisionId`.
 *
 * @throws DecisionRefused when a bill does not stand so that this can be decided about it.
 */
export async function saveCloseDecision(
  db: Database,
  month: Month,
  { decisionId, decision }: { readonly decisionId: string; readonly decision: CloseDecision },
): Promise<void> {
  const { type, bills, by, reason } = decision;
  await inTransaction(db, async (transaction) => {
    const recorded = await transaction
      .insertInto('close_decisions')
      .values({
        mode: month.mode,
        decision_id: decisionId,
        period: month.period,
        type,
        bill_ids: [...bills],
        decided_by: by,
        reason,
      })
      .onConflict((conflict) => conflict.columns(['decision_id', 'mode']).doNothing())
      .returning('decision_id')
      .executeTakeFirst();
    if (recorded !== undefined) await apply(transaction, month, decision);
  });
}

/** How many held bills of a month wait for a person: of those that were skipped none does. */
export async function countAwaitingRelease(db: Database, { mode, period }: Month): Promise<number> {
  const { bills } = await db
    .selectFrom('bills')
    .select((query) => query.fn.countAll<number>().as('bills'))
    .where('mode', '=', mode)
    .where('period', '=', period)
    .where('status', '=', 'held')
    .where('skipped_at', 'is', null)
    .executeTakeFirstOrThrow();
  return bills;
}

/** Which of these bills may go out still: some may have gone meanwhile, or be held again. */
export async function frozenAmong(db: Database, mode: Mode, billIds: readonly string[]): Promise<string[]> {
  if (billIds.length === 0) return [];
  const rows = await db
    .selectFrom('bills')
    .select('bill_id')
    .where('mode', '=', mode)
    .where('bill_id', 'in', billIds)
    .where('status', '=', 'frozen')
    .orderBy('bill_id')
    .execute();
  return rows.map((row) => row.bill_id);
}

/**
 * Which bills of a month somebody means. What is neither the id of a bill nor of a user is given back as it is, for whoever decides
 * about it to refuse.
 *
 * @param onlyWaiting of all that are held, those that the close waits for: not the skipped ones, unless there are no others.
 */
export async function chosenBills(
  db: Database,
  month: Month,
  choice: BillsChoice,
  { onlyWaiting = false } = {},
): Promise<string[]> {
  if (choice === 'all') return await listHeldBills(db, month, onlyWaiting);
  return choice.length === 0 ? [] : await findBills(db, month, choice);
}

/** What was decided about a month, the newest first. */
export async function listCloseDecisions(
  db: Database,
  { mode, period }: Month,
  limit: number,
): Promise<RecordedCloseDecision[]> {
  const rows = await db
    .selectFrom('close_decisions')
    .selectAll()
    .where('mode', '=', mode)
    .where('period', '=', period)
    .orderBy('decided_at', 'desc')
    .orderBy('decision_id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    type: row.type,
    bills: row.bill_ids,
    by: row.decided_by,
    reason: row.reason,
    decidedAt: row.decided_at,
  }));
}

async function findBills(
  db: Database,
  { mode, period }: Month,
  references: readonly string[],
): Promise<string[]> {
  const bills = await db
    .selectFrom('bills')
    .select(['bill_id', 'user_id'])
    .where('mode', '=', mode)
    .where('period', '=', period)
    .where('user_id', 'in', references)
    .execute();
  return references.flatMap((reference) => {
    const ofUser = bills.filter((bill) => bill.user_id === reference).map((bill) => bill.bill_id);
    return ofUser.length > 0 ? ofUser : [reference];
  });
}

/** The month's held bills, the biggest first. */
async function listHeldBills(db: Database, { mode, period }: Month, onlyWaiting: boolean): Promise<string[]> {
  const held = await db
    .selectFrom('bills')
    .select(['bill_id', 'skipped_at'])
    .where('mode', '=', mode)
    .where('period', '=', period)
    .where('status', '=', 'held')
    .orderBy('total_cents', 'desc')
    .orderBy('bill_id')
    .execute();
  const waiting = held.filter((bill) => bill.skipped_at === null);
  return (onlyWaiting && waiting.length > 0 ? waiting : held).map((bill) => bill.bill_id);
}

async function apply(transaction: DatabaseTransaction, month: Month, decision: CloseDecision): Promise<void> {
  const { type, by, reason } = decision;
  if (type === 'approve' || type === 'retryParked') return;
  await refuseWhatCantBe(transaction, month, type, decision.bills);
  const now = new Date();
  const changes = {
    hold: { status: 'held', problem: `held by ${by}: ${reason ?? ''}` },
    release: { status: 'frozen', problem: null, skipped_at: null },
    skip: { skipped_at: now },
  } as const;
  await transaction
    .updateTable('bills')
    .set({ ...changes[type], updated_at: now })
    .where('mode', '=', month.mode)
    .where('bill_id', 'in', decision.bills)
    .execute();
}

/** Looks at the bills under a lock: nobody may claim one for Stripe while it is being held. */
async function refuseWhatCantBe(
  transaction: DatabaseTransaction,
  { mode, period }: Month,
  type: BillsDecisionType,
  billIds: readonly string[],
): Promise<void> {
  const bills = await transaction
    .selectFrom('bills')
    .select(['bill_id as billId', 'status', 'invoicing_since as invoicingSince', 'skipped_at as skippedAt'])
    .where('mode', '=', mode)
    .where('period', '=', period)
    .where('bill_id', 'in', billIds)
    .orderBy('bill_id')
    .forUpdate()
    .execute();
  const found = new Map(bills.map((bill) => [bill.billId, bill]));
  const problems = billIds.flatMap((billId) => {
    const problem = whyNotDecideOnBill(type, found.get(billId));
    return problem === null ? [] : [`${billId} ${problem}`];
  });
  if (problems.length === 0) return;
  const more = problems.length > 5 ? `; and ${problems.length - 5} more` : '';
  throw new DecisionRefused(`Nothing is changed: ${problems.slice(0, 5).join('; ')}${more}.`);
}
