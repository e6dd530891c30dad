import { creditCause } from '../domain/credit-causes.ts';
import type { UserKey } from '../domain/customer-key.ts';
import type { Mode } from '../domain/mode.ts';
import { grantCreditLot, lockUser, settleCredits } from './credits.ts';
import type { Database } from './database.ts';
import { inTransaction } from './transaction.ts';

/** A paid Checkout session that sold credits. */
export interface CreditPurchase extends UserKey {
  /** `cs_…` */
  readonly checkoutSessionId: string;
  /** What the credits are worth; more than 0. */
  readonly grantedCents: number;
  /** From when on they pay nothing more; `null`: they never expire. */
  readonly expiresAt: Date | null;
}

/** Grants the credits of a purchase, once per session. Safe to repeat. */
export async function saveCreditPurchase(db: Database, purchase: CreditPurchase): Promise<void> {
  const { mode, userId, checkoutSessionId, grantedCents, expiresAt } = purchase;
  await inTransaction(db, async (transaction) => {
    await lockUser(transaction, purchase);
    const saved = await transaction
      .insertInto('credit_purchases')
      .values({
        mode,
        checkout_session_id: checkoutSessionId,
        user_id: userId,
        granted_cents: grantedCents,
      })
      .onConflict((conflict) => conflict.columns(['mode', 'checkout_session_id']).doNothing())
      .returning('checkout_session_id')
      .executeTakeFirst();
    if (saved === undefined) return;
    const cause = creditCause.purchase(checkoutSessionId);
    await grantCreditLot(transaction, purchase, { cause, cents: grantedCents, expiresAt });
    await settleCredits(transaction, purchase);
  });
}

/**
 * Sets how much of a purchase is to be taken back, all in all and as Stripe says now, and takes it from the credits as far as
 * they go. Less than before gives credits back. Safe to repeat; of a purchase that is not saved, nothing is taken.
 */
export async function saveTakenBack(
  db: Database,
  key: { readonly mode: Mode; readonly checkoutSessionId: string; readonly takenBackCents: number },
): Promise<void> {
  const { mode, checkoutSessionId, takenBackCents } = key;
  const purchase = await db
    .selectFrom('credit_purchases')
    .select('user_id')
    .where('mode', '=', mode)
    .where('checkout_session_id', '=', checkoutSessionId)
    .executeTakeFirst();
  if (purchase === undefined) return;
  const user = { mode, userId: purchase.user_id };
  await inTransaction(db, async (transaction) => {
    await lockUser(transaction, user);
    const { numUpdatedRows } = await transaction
      .updateTable('credit_purchases')
      .set({ taken_back_cents: takenBackCents, updated_at: new Date() })
      .where('mode', '=', mode)
      .where('checkout_session_id', '=', checkoutSessionId)
      .where('taken_back_cents', '<>', takenBackCents)
      .executeTakeFirst();
    if (numUpdatedRows > 0n) await settleCredits(transaction, user);
  });
}
