import { type PurchaseTakenBack, settleTakenBack } from '../domain/credits.ts';
import type { Mode } from '../domain/mode.ts';
import { sumCents } from '../domain/money.ts';
import { type Database, type DatabaseTransaction, exactInteger } from './database.ts';

/** A user of one mode. */
export interface UserKey {
  readonly mode: Mode;
  readonly userId: string;
}

/** What the user's credits come to, in cents: the sum of an append-only ledger. */
export async function creditBalanceCents(
  db: Pick<Database, 'selectFrom'>,
  mode: Mode,
  userId: string,
): Promise<number> {
  const { balance } = await db
    .selectFrom('credit_entries')
    .select((query) => query.fn.coalesce(query.fn.sum<string>('amount_cents'), query.val('0')).as('balance'))
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .executeTakeFirstOrThrow();
  return exactInteger(balance);
}

/** One change of a user's credits at a time: they are one purse. Until the transaction's end. */
export async function lockUser(transaction: DatabaseTransaction, { mode, userId }: UserKey): Promise<void> {
  await transaction
    .selectFrom('users')
    .select('user_id')
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .forNoKeyUpdate()
    .executeTakeFirstOrThrow();
}

const TAKEN_BACK = 'taken_back:';

/** What makes an entry of the ledger. The database sees to it that nothing makes two. */
export const creditCause = {
  bill: (billId: string) => `bill:${billId}`,
  purchase: (checkoutSessionId: string) => `checkout_session:${checkoutSessionId}`,
  /** The nth time, from 1, that something of this purchase was taken back or given back again. */
  takenBack: (checkoutSessionId: string, nth: number) => `${TAKEN_BACK}${checkoutSessionId}:${nth}`,
} as const;

/**
 * Brings what the ledger has taken back to what the user's purchases say is due, as far as the balance goes; the rest is
 * `users.credit_shortfall_cents`. To be called, under {@link lockUser}, after whatever adds to the balance or changes
 * what is due: so there is never a balance beside a shortfall.
 */
export async function settleCredits(transaction: DatabaseTransaction, user: UserKey): Promise<void> {
  const { mode, userId } = user;
  const purchases = await listTakenBack(transaction, user);
  const balanceCents = await creditBalanceCents(transaction, mode, userId);
  const { entries, shortfallCents } = settleTakenBack(purchases, balanceCents);
  for (const { purchase, amountCents } of entries) {
    const cause = creditCause.takenBack(purchase.checkoutSessionId, purchase.entryCount + 1);
    await addCreditEntry(transaction, user, amountCents, cause);
  }
  await transaction
    .updateTable('users')
    .set({ credit_shortfall_cents: shortfallCents, updated_at: new Date() })
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .where('credit_shortfall_cents', '<>', shortfallCents)
    .execute();
}

export async function addCreditEntry(
  transaction: DatabaseTransaction,
  { mode, userId }: UserKey,
  amountCents: number,
  cause: string,
): Promise<void> {
  await transaction
    .insertInto('credit_entries')
    .values({ mode, user_id: userId, amount_cents: amountCents, cause })
    .execute();
}

interface LedgerOfPurchase extends PurchaseTakenBack {
  readonly checkoutSessionId: string;
  /** How many entries took back from it, or gave back to it. */
  readonly entryCount: number;
}

/** Each purchase of the user with what is due, and what the ledger says was taken back of it. */
async function listTakenBack(
  transaction: DatabaseTransaction,
  { mode, userId }: UserKey,
): Promise<LedgerOfPurchase[]> {
  const purchases = await transaction
    .selectFrom('credit_purchases')
    .select(['checkout_session_id', 'taken_back_cents'])
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .orderBy('checkout_session_id')
    .execute();
  const entries = await transaction
    .selectFrom('credit_entries')
    .select(['cause', 'amount_cents'])
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .where('cause', '^@', TAKEN_BACK)
    .execute();
  return purchases.map(({ checkout_session_id: checkoutSessionId, taken_back_cents: dueCents }) => {
    const amounts = entries
      .filter(({ cause }) => cause.startsWith(`${TAKEN_BACK}${checkoutSessionId}:`))
      .map((entry) => entry.amount_cents);
    return { checkoutSessionId, dueCents, takenCents: -sumCents(amounts), entryCount: amounts.length };
  });
}
