import { Big } from 'big.js';
import { sql } from 'kysely';
import { type RatedBill, rateBill, type UnbilledUsage } from '../domain/bill.ts';
import { type BillingPeriod, periodEnd, periodsBetween } from '../domain/billing-period.ts';
import {
  type CreditLot,
  drawFromLots,
  expiredForBill,
  remainingCents,
  usableForBill,
} from '../domain/credits.ts';
import type { Mode } from '../domain/mode.ts';
import { PRICE_LIST } from '../domain/price-list.ts';
import { type StorageTotal, storageGbMs } from '../domain/storage.ts';
import {
  creditCause,
  grantCreditLot,
  loadCreditLots,
  lockUser,
  settleCredits,
  takeFromLots,
  writeOffLots,
} from './credits.ts';
import type { Database, DatabaseTransaction } from './database.ts';
import { loadUnitPrices } from './price-list.ts';
import { inTransaction } from './transaction.ts';

interface BillKey {
  readonly mode: Mode;
  readonly userId: string;
  readonly period: BillingPeriod;
}

/**
 * Freezes what the user has used up to the end of `period` and no bill holds yet, in one transaction: the bill, its lines,
 * the credits it consumes, and the note of what is billed now. Usage that commits later finds itself unbilled and joins
 * the next bill, because what is billed is compared with what is used, never a time with a time. Credits that expired
 * before the month's end are written off, with a bill or without.
 *
 * @returns the new bill's id, or `null` when the month is frozen already or there is nothing to bill.
 */
export async function freezeBill(db: Database, key: BillKey): Promise<string | null> {
  return await inTransaction(db, async (transaction) => {
    await lockUser(transaction, key);
    if (await isFrozen(transaction, key)) return null;
    const usage = await lockUnbilledUsage(transaction, key);
    const lots = await loadCreditLots(transaction, key);
    await writeOffLots(transaction, key, expiredForBill(lots, key.period));
    const usableLots = usableForBill(lots, key.period);
    const bill = rateBill({
      period: key.period,
      usage,
      unitPricesCents: await loadUnitPrices(transaction, key.mode),
      creditBalanceCents: remainingCents(usableLots),
    });
    if (bill.lines.length === 0) return null;
    const billId = await insertBill(transaction, key, bill);
    await changeCredits(transaction, key, { billId, bill, usableLots });
    await markBilled(transaction, key, usage);
    return billId;
  });
}

async function isFrozen(
  transaction: DatabaseTransaction,
  { mode, userId, period }: BillKey,
): Promise<boolean> {
  const bill = await transaction
    .selectFrom('bills')
    .select('bill_id')
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .where('period', '=', period)
    .where('kind', '=', 'monthly')
    .executeTakeFirst();
  return bill !== undefined;
}

/**
 * Used minus billed for each product and month up to `period`, zeros left out. The rows stay locked until the bill is
 * written, in the same order in which ingestion locks them.
 */
async function lockUnbilledUsage(
  transaction: DatabaseTransaction,
  { mode, userId, period }: BillKey,
): Promise<UnbilledUsage[]> {
  const rows = await transaction
    .selectFrom('usage_totals')
    .select(['product', 'period', 'used_quantity', 'level_change_gb', 'billed_quantity'])
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .where('period', '<=', period)
    .orderBy('product')
    .orderBy('period')
    .forUpdate()
    .execute();

  const unbilled: UnbilledUsage[] = [];
  for (const row of rows) {
    if (PRICE_LIST[row.product].aggregation !== 'sum') continue;
    const quantity = new Big(row.used_quantity).minus(row.billed_quantity);
    unbilled.push({ product: row.product, usagePeriod: row.period, quantity });
  }

  const storage = rows.filter((row) => row.product === 'storage_gb_month');
  const totals = storage.map((row): readonly [BillingPeriod, StorageTotal] => [
    row.period,
    { gbMs: new Big(row.used_quantity), levelChangeGb: new Big(row.level_change_gb) },
  ]);
  const billed = new Map(storage.map((row) => [row.period, row.billed_quantity]));
  const firstPeriod = storage[0]?.period;
  for (const usagePeriod of firstPeriod === undefined ? [] : periodsBetween(firstPeriod, period)) {
    const quantity = storageGbMs(usagePeriod, totals).minus(billed.get(usagePeriod) ?? 0);
    unbilled.push({ product: 'storage_gb_month', usagePeriod, quantity });
  }
  return unbilled.filter((usage) => !usage.quantity.eq(0));
}

async function insertBill(transaction: DatabaseTransaction, key: BillKey, bill: RatedBill): Promise<string> {
  const { mode, userId, period } = key;
  const { bill_id: billId } = await transaction
    .insertInto('bills')
    .values({
      mode,
      user_id: userId,
      period,
      // Nothing to collect: credits paid for all of it, or it came to less than half a cent.
      status: bill.totalCents === 0 ? 'paid' : 'frozen',
      total_cents: bill.totalCents,
      credits_applied_cents: bill.creditsAppliedCents,
    })
    .returning('bill_id')
    .executeTakeFirstOrThrow();
  await transaction
    .insertInto('bill_lines')
    .values(
      bill.lines.map((line, index) => ({
        mode,
        bill_id: billId,
        line_number: index + 1,
        product: line.product,
        usage_period: line.usagePeriod,
        quantity: line.quantity,
        exact_quantity: line.exactQuantity,
        unit_price_cents: line.unitPriceCents,
        amount_cents: line.amountCents,
        description: line.description,
      })),
    )
    .execute();
  return billId;
}

/** Takes from the lots what the bill uses of credits, or grants what it gives. */
async function changeCredits(
  transaction: DatabaseTransaction,
  key: BillKey,
  made: { readonly billId: string; readonly bill: RatedBill; readonly usableLots: readonly CreditLot[] },
): Promise<void> {
  const appliedCents = made.bill.creditsAppliedCents;
  const cause = creditCause.bill(made.billId);
  if (appliedCents >= 0) {
    await takeFromLots(transaction, key, drawFromLots(made.usableLots, appliedCents), cause);
    return;
  }
  // A correction comes back as credits, and what is due from refunded purchases is taken from them.
  await grantCreditLot(transaction, key, { cause, cents: -appliedCents, expiresAt: null });
  await settleCredits(transaction, key);
}

async function markBilled(
  transaction: DatabaseTransaction,
  { mode, userId }: BillKey,
  usage: readonly UnbilledUsage[],
): Promise<void> {
  for (const { product, usagePeriod, quantity } of usage) {
    // Storage carried into a month without an event of its own has no row there yet.
    await transaction
      .insertInto('usage_totals')
      .values({
        mode,
        user_id: userId,
        product,
        period: usagePeriod,
        used_quantity: '0',
        billed_quantity: quantity.toFixed(),
      })
      .onConflict((conflict) =>
        conflict.columns(['mode', 'user_id', 'product', 'period']).doUpdateSet((row) => ({
          billed_quantity: row('usage_totals.billed_quantity', '+', row.ref('excluded.billed_quantity')),
        })),
      )
      .execute();
  }
}

/**
 * Users with any usage, or with something left of credits that expired by the end of `period`, in the order of their ids: the
 * pages of a freeze.
 */
export async function listUsersToFreeze(
  db: Database,
  { mode, period }: Pick<BillKey, 'mode' | 'period'>,
  page: { readonly afterUserId: string; readonly limit: number },
): Promise<string[]> {
  // Not EXISTS: that PostgreSQL may answer by reading all usage there is, for each page.
  const { rows } = await sql<{ user_id: string }>`
    SELECT user_id FROM users
    WHERE mode = ${mode} AND user_id > ${page.afterUserId} AND coalesce(
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
