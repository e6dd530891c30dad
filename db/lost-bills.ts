import type { BillStatus } from '../domain/bill.ts';
import { remainingCents, usableForBill } from '../domain/credits.ts';
import { sumCents } from '../domain/money.ts';
import { isMeteredProduct } from '../domain/price-list.ts';
import { markBilled } from './billed-usage.ts';
import type { BillLineRow } from './bills.ts';
import { loadCreditLots, lockUser } from './credits.ts';
import type { Database } from './database.ts';
import { type BillKey, changeCredits, insertBill, isBilled } from './new-bills.ts';
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
 * @returns `false`, and nothing is written, while the credits that paid for it are not here again, or where there is such a part
 *   of the month's bill already: this bill, or another.
 */
export async function saveLostBill(db: Database, bill: LostBill): Promise<boolean> {
  return await inTransaction(db, async (transaction) => {
    await lockUser(transaction, bill);
    if (await isBilled(transaction, bill, bill.part)) return false;
    const creditsCents = -sumCents(bill.lines.filter(isOfCredits).map(({ amountCents }) => amountCents));
    const lots = usableForBill(await loadCreditLots(transaction, bill), bill.period);
    if (creditsCents > remainingCents(lots)) return false;
    // The events come again in another order: which of them a line was made of can't be told any more.
    await insertBill(transaction, rowOf(bill, creditsCents), bill.lines);
    const { billId } = bill;
    await changeCredits(transaction, bill, [{ billId, creditsAppliedCents: creditsCents }], lots);
    for (const { product, ...line } of bill.lines)
      if (isMeteredProduct(product)) await markBilled(transaction, bill, [{ ...line, product }]);
    return true;
  });
}

const isOfCredits = ({ product }: BillLineRow) => product === 'credits';

function rowOf(
  { mode, billId, userId, period, part, parts, invoicedAt, lines }: LostBill,
  creditsCents: number,
) {
  return {
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
  };
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
