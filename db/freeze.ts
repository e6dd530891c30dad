import { sql } from 'kysely';
import { type RatedBill, rateBill } from '../domain/bill.ts';
import { splitIntoParts } from '../domain/bill-parts.ts';
import { periodEnd } from '../domain/billing-period.ts';
import { expiredForBill, remainingCents, usableForBill } from '../domain/credits.ts';
import type { Month, UserRange } from '../domain/monthly-close.ts';
import { type OutlierRule, outlierReason } from '../domain/outlier.ts';
import { type UsageTotal, unbilledUsage } from '../domain/unbilled-usage.ts';
import { markBilled } from './billed-usage.ts';
import { loadCreditLots, lockUser, writeOffLots } from './credits.ts';
import type { Database, DatabaseTransaction } from './database.ts';
import { usedBefore } from './earlier-bills.ts';
import { type BillKey, changeCredits, insertBills, isBilled, type WorkflowRun } from './new-bills.ts';
import { loadUnitPrices } from './price-list.ts';
import { inTransaction } from './transaction.ts';
import { usageTotalOf, usageTotalsOf } from './usage-totals.ts';

/** A close says which workflow freezes and which bills are held; an erasure, why nobody pays. */
export interface FreezeOptions {
  /** Who freezes. */
  readonly workflow?: WorkflowRun | undefined;
  /** Which bills wait for a person before they go out; `null`, the default: none. */
  readonly holdOutliers?: OutlierRule | null;
  /** Why nobody is to pay it: no credits pay for it, and it never goes out. */
  readonly writtenOff?: string | null;
}

/**
 * Freezes what the user has used up to the end of `period` and no bill holds yet, in one transaction: the bill, its lines,
 * the credits it consumes, and the note of what is billed now. Usage that commits later finds itself unbilled and joins
 * the next bill, because what is billed is compared with what is used, never a time with a time. Credits that expired
 * before the month's end are written off, with a bill or without.
 *
 * @returns the new bill's id, or those of its parts (domain/bill-parts.ts); none when the month is frozen already or there is
 *   nothing to bill.
 */
export async function freezeBill(
  db: Database,
  key: BillKey,
  { workflow, holdOutliers = null, writtenOff = null }: FreezeOptions = {},
): Promise<string[]> {
  return await inTransaction(db, async (transaction) => {
    await lockUser(transaction, key);
    if (await isBilled(transaction, key)) return [];
    await lockTotals(transaction, key);
    const usage = unbilledUsage(await loadTotals(transaction, key), key.period);
    const lots = await loadCreditLots(transaction, key);
    await writeOffLots(transaction, key, expiredForBill(lots, key.period));
    const usableLots = writtenOff === null ? usableForBill(lots, key.period) : [];
    const bill = rateBill({
      period: key.period,
      usage,
      unitPricesCents: await loadUnitPrices(transaction, key.mode),
      creditBalanceCents: remainingCents(usableLots),
    });
    if (bill.lines.length === 0) return [];
    const parts = splitIntoParts(bill, key.period);
    const holdReason = await reasonToHold(transaction, key, bill, holdOutliers);
    const bills = await insertBills(transaction, key, parts, { workflow, holdReason, writtenOff });
    await changeCredits(transaction, key, bills, usableLots);
    await markBilled(
      transaction,
      key,
      usage.map(({ product, usagePeriod, quantity, events }) => ({
        product,
        usagePeriod,
        exactQuantity: quantity.toFixed(),
        eventsThrough: events?.through ?? null,
      })),
    );
    return bills.map(({ billId }) => billId);
  });
}

/**
 * Lets nobody add to the user's totals until the bill is written, in the same order in which ingestion locks them. Then
 * whoever is half-way through a batch has either committed all of it or is seen nothing of.
 */
async function lockTotals(transaction: DatabaseTransaction, key: BillKey): Promise<void> {
  await totalsUpTo(transaction, key).select('period').forUpdate().execute();
}

/** By one statement, so of one instant. */
async function loadTotals(transaction: DatabaseTransaction, key: BillKey): Promise<UsageTotal[]> {
  return (await totalsUpTo(transaction, key).selectAll().execute()).map(usageTotalOf);
}

function totalsUpTo(transaction: DatabaseTransaction, { mode, userId, period }: BillKey) {
  return usageTotalsOf(transaction, { mode, userIds: [userId], through: period });
}

async function reasonToHold(
  transaction: DatabaseTransaction,
  key: BillKey,
  bill: RatedBill,
  rule: OutlierRule | null,
): Promise<string | null> {
  // Most bills are too small to be outliers, whatever was before.
  if (rule === null || bill.totalCents + bill.creditsAppliedCents < rule.minimumCents) return null;
  const earlier = await usedBefore(transaction, key, [key.userId]);
  return outlierReason(bill, earlier.get(key.userId) ?? [], rule);
}

/** How many bills of a month's range of users a run has frozen, in whichever of its attempts. */
export async function countBillsFrozenBy(
  db: Database,
  workflow: WorkflowRun | undefined,
  { mode, period, afterUserId, throughUserId }: Month & UserRange,
): Promise<number> {
  let bills = db
    .selectFrom('bills')
    .select((query) => query.fn.countAll<number>().as('bills'))
    .where('mode', '=', mode)
    .where('period', '=', period)
    .where('user_id', '>', afterUserId)
    .where('workflow_run_id', 'is not distinct from', workflow?.runId ?? null);
  if (throughUserId !== null) bills = bills.where('user_id', '<=', throughUserId);
  return (await bills.executeTakeFirstOrThrow()).bills;
}

/**
 * Users with any usage, or with something left of credits that expired by the end of `period`, in the order of their ids: the
 * pages of a freeze.
 */
export async function listUsersToFreeze(
  db: Database,
  { mode, period }: Month,
  page: { readonly afterUserId: string; readonly throughUserId?: string | null; readonly limit: number },
): Promise<string[]> {
  const { throughUserId = null } = page;
  // Not EXISTS: that PostgreSQL may answer by reading all usage there is, for each page.
  const { rows } = await sql<{ user_id: string }>`
    SELECT user_id FROM users
    WHERE mode = ${mode} AND user_id > ${page.afterUserId}
      AND ${throughUserId === null ? sql`true` : sql`user_id <= ${throughUserId}`} AND coalesce(
      (SELECT true FROM usage_totals AS used
        WHERE used.mode = users.mode AND used.user_id = users.user_id LIMIT 1),
      (SELECT true FROM credit_entries AS granted
        WHERE granted.mode = users.mode AND granted.user_id = users.user_id
          AND granted.expires_at <= ${periodEnd(period)}
          AND (SELECT sum(amount_cents) FROM credit_entries AS entry
            WHERE entry.mode = granted.mode AND entry.user_id = granted.user_id
              AND entry.lot = granted.lot) > 0
        LIMIT 1),
      false)
    ORDER BY user_id
    LIMIT ${page.limit}`.execute(db);
  return rows.map((row) => row.user_id);
}
