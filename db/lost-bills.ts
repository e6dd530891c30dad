import type { BillStatus } from '../domain/bill.ts';
import { creditCause } from '../domain/credit-causes.ts';
import { drawFromLots, remainingCents, usableForBill } from '../domain/credits.ts';
import { sumCents } from '../domain/money.ts';
import { isMeteredProduct } from '../domain/price-list.ts';
import { markBilled } from './billed-usage.ts';
import type { BillLineRow } from './bills.ts';
import { grantCreditLot, loadCreditLots, lockUser, settleCredits, takeFromLots } from './credits.ts';
import type { Database, DatabaseTransaction } from './database.ts';
import { type BillKey, insertLines } from './new-bills.ts';
import { inTransaction } from './transaction.ts';

/** A bill that this database lost when it was put back to a backup, as its invoice in Stripe tells of it. */
export interface LostBill extends BillKey {
  readonly billId: string;
  readonly part: number;
  readonly parts: number;
  readonly invoicedAt: Date;
  /** In their order, credits included. */
  readonly lines: readonly BillLineRow[];
}

/** The status that a lost bill begins with: its invoice then brings it to what Stripe says. */
const WITHOUT_INVOICE: BillStatus = 'frozen';

/**
 * Writes a lost bill as it went out, and that what is on it is billed: what of the usage is not here yet, the host product sends again,
 * and what was used beyond it joins the next bill. In one transaction. Safe to repeat.
 *
 * @returns `false`, and nothing is written, while the credits that paid for it are not here again, or where its month is billed otherwise.
 */
export async function saveLostBill(db: Database, bill: LostBill): Promise<boolean> {
  return await inTransaction(db, async (transaction) => {
    await lockUser(transaction, bill);
    if (await isBilled(transaction, bill)) return false;
    const creditsCents = -sumCents(bill.lines.filter(isOfCredits).map(({ amountCents }) => amountCents));
    const lots = usableForBill(await loadCreditLots(transaction, bill), bill.period);
    if (creditsCents > remainingCents(lots)) return false;
    await insertBill(transaction, bill, creditsCents);
    const cause = creditCause.bill(bill.billId);
    if (creditsCents > 0) await takeFromLots(transaction, bill, drawFromLots(lots, creditsCents), cause);
    if (creditsCents < 0) {
      await grantCreditLot(transaction, bill, { cause, cents: -creditsCents, expiresAt: null });
      await settleCredits(transaction, bill);
    }
    for (const { product, ...line } of bill.lines)
      if (isMeteredProduct(product)) await markBilled(transaction, bill, [{ ...line, product }]);
    return true;
  });
}

const isOfCredits = ({ product }: BillLineRow) => product === 'credits';

async function isBilled(
  transaction: DatabaseTransaction,
  { mode, userId, period, part }: LostBill,
): Promise<boolean> {
  const bill = await transaction
    .selectFrom('bills')
    .select('bill_id')
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .where('period', '=', period)
    .where('kind', '=', 'monthly')
    .where('part', '=', part)
    .executeTakeFirst();
  return bill !== undefined;
}

async function insertBill(
  transaction: DatabaseTransaction,
  { mode, billId, userId, period, part, parts, invoicedAt, lines }: LostBill,
  creditsCents: number,
): Promise<void> {
  await transaction
    .insertInto('bills')
    .values({
      mode,
      bill_id: billId,
      user_id: userId,
      period,
      part,
      parts,
      status: WITHOUT_INVOICE,
      total_cents: sumCents(lines.map(({ amountCents }) => amountCents)),
      credits_applied_cents: creditsCents,
      invoicing_since: invoicedAt,
      frozen_at: invoicedAt,
    })
    .execute();
  // The events come again in another order: which of them a line was made of can't be told any more.
  await insertLines(transaction, { mode, billId, lines });
}

/** Whether there is such a bill. */
export async function hasBill(
  db: Database,
  { mode, billId }: Pick<LostBill, 'mode' | 'billId'>,
): Promise<boolean> {
  const bill = await db
    .selectFrom('bills')
    .select('bill_id')
    .where('mode', '=', mode)
    .where('bill_id', '=', billId)
    .executeTakeFirst();
  return bill !== undefined;
}
