import { CREDIT_CAUSES, creditCause } from '../domain/credit-causes.ts';
import {
  type CreditLot,
  inOrderOfConsumption,
  type LotAmount,
  type PurchaseTakenBack,
  remainingCents,
  settleTakenBack,
  takenAfter,
  usableAt,
} from '../domain/credits.ts';
import type { UserKey } from '../domain/customer-key.ts';
import type { Mode } from '../domain/mode.ts';
import { type Database, type DatabaseTransaction, exactInteger } from './database.ts';

/** What the user can pay with at `instant`, in cents. */
export async function creditBalanceCents(
  db: Pick<Database, 'selectFrom'>,
  mode: Mode,
  userId: string,
  instant: Date = new Date(),
): Promise<number> {
  return remainingCents(await listCreditLots(db, { mode, userId }, instant));
}

/** The user's lots that have not expired at `instant` and have something left: what is used up first, and expires first, first. */
export async function listCreditLots(
  db: Pick<Database, 'selectFrom'>,
  user: UserKey,
  instant: Date,
): Promise<CreditLot[]> {
  const lots = await loadCreditLots(db, user);
  return inOrderOfConsumption(usableAt(lots, instant).filter((each) => each.remainingCents > 0));
}

/** A lot as the ledger has it. */
export interface LedgerLot extends CreditLot {
  /** What of it expired unused, and how many entries say so. */
  readonly expiredCents: number;
  readonly expiryCount: number;
}

/** All lots that the user has ever had, those that are used up or expired as well. */
export async function loadCreditLots(
  db: Pick<Database, 'selectFrom'>,
  { mode, userId }: UserKey,
): Promise<LedgerLot[]> {
  return (await creditLotsOf(db, mode, [userId])).get(userId) ?? [];
}

/** The same of many users; one who never had any is missing. */
export async function creditLotsOf(
  db: Pick<Database, 'selectFrom'>,
  mode: Mode,
  userIds: readonly string[],
): Promise<Map<string, LedgerLot[]>> {
  const rows = await db
    .selectFrom('credit_entries')
    .select(({ fn }) => [
      'user_id',
      'lot',
      fn.sum<string>('amount_cents').as('remaining'),
      fn.max('expires_at').as('expires_at'),
      fn.min('entry_id').as('first_entry_id'),
      fn.sum<string | null>('amount_cents').filterWhere('cause', '^@', CREDIT_CAUSES.expired).as('expired'),
      fn.countAll<number>().filterWhere('cause', '^@', CREDIT_CAUSES.expired).as('expiry_count'),
    ])
    .where('mode', '=', mode)
    .where('user_id', 'in', userIds)
    .groupBy(['user_id', 'lot'])
    .execute();
  const lots = new Map<string, LedgerLot[]>();
  for (const row of rows) {
    const lot = {
      lot: row.lot,
      remainingCents: exactInteger(row.remaining),
      expiresAt: row.expires_at,
      grantedOrder: row.first_entry_id,
      expiredCents: Math.abs(exactInteger(row.expired ?? '0')),
      expiryCount: row.expiry_count,
    };
    lots.set(row.user_id, [...(lots.get(row.user_id) ?? []), lot]);
  }
  return lots;
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

/** Grants credits as a lot of their own, named after what caused it. */
export async function grantCreditLot(
  transaction: DatabaseTransaction,
  { mode, userId }: UserKey,
  grant: { readonly cause: string; readonly cents: number; readonly expiresAt: Date | null },
): Promise<void> {
  const { cause, cents, expiresAt } = grant;
  await transaction
    .insertInto('credit_entries')
    .values({ mode, user_id: userId, amount_cents: cents, cause, lot: cause, expires_at: expiresAt })
    .execute();
}

/** Takes what `cause` uses from each of the lots. The database refuses more than there is. */
export async function takeFromLots(
  transaction: DatabaseTransaction,
  user: UserKey,
  draws: readonly LotAmount[],
  cause: string,
): Promise<void> {
  await addEntries(
    transaction,
    user,
    draws.map(({ lot, cents }) => ({ lot, amountCents: -cents, cause })),
  );
}

/** Writes off what is left of lots that have expired. Only for a freeze: until then the month that ended before may use it. */
export async function writeOffLots(
  transaction: DatabaseTransaction,
  user: UserKey,
  expired: readonly LedgerLot[],
): Promise<void> {
  const entries = expired.map(({ lot, remainingCents: cents, expiryCount }) => ({
    lot,
    amountCents: -cents,
    cause: creditCause.expired(lot, expiryCount + 1),
  }));
  await addEntries(transaction, user, entries);
}

/**
 * Brings what the ledger has taken back to what the user's purchases say is due, as far as the balance of this moment goes; the
 * rest is `users.credit_shortfall_cents`. To be called, under {@link lockUser}, after whatever adds to the balance or changes
 * what is due: so there is never a balance beside a shortfall.
 */
export async function settleCredits(transaction: DatabaseTransaction, user: UserKey): Promise<void> {
  const { mode, userId } = user;
  const lots = await loadCreditLots(transaction, user);
  const purchases = await listTakenBack(transaction, user, lots);
  const { entries, shortfallCents } = settleTakenBack(purchases, lots, new Date());
  await addEntries(
    transaction,
    user,
    entries.map(({ purchase, lot, amountCents }) => ({
      lot,
      amountCents,
      cause: creditCause.takenBack(purchase.checkoutSessionId, purchase.settlementCount + 1),
    })),
  );
  await transaction
    .updateTable('users')
    .set({ credit_shortfall_cents: shortfallCents, updated_at: new Date() })
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .where('credit_shortfall_cents', '<>', shortfallCents)
    .execute();
}

interface LotEntry {
  readonly lot: string;
  readonly amountCents: number;
  readonly cause: string;
}

async function addEntries(
  transaction: DatabaseTransaction,
  { mode, userId }: UserKey,
  entries: readonly LotEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  await transaction
    .insertInto('credit_entries')
    .values(
      entries.map(({ lot, amountCents, cause }) => ({
        mode,
        user_id: userId,
        amount_cents: amountCents,
        cause,
        lot,
      })),
    )
    .execute();
}

interface LedgerOfPurchase extends PurchaseTakenBack {
  readonly checkoutSessionId: string;
  /** How often something was taken back from it, or given back to it. */
  readonly settlementCount: number;
}

/** Each purchase of the user with what is due, and what the ledger says was taken back of it. */
async function listTakenBack(
  transaction: DatabaseTransaction,
  { mode, userId }: UserKey,
  lots: readonly LedgerLot[],
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
    .select(['cause', 'lot', 'amount_cents'])
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .where((cause) =>
      cause.or([cause('cause', '^@', CREDIT_CAUSES.takenBack), cause('cause', '^@', CREDIT_CAUSES.purchase)]),
    )
    .orderBy('entry_id')
    .execute();
  return purchases.map(({ checkout_session_id: checkoutSessionId, taken_back_cents: dueCents }) => {
    const granted = entries.find(({ cause }) => cause === creditCause.purchase(checkoutSessionId));
    const lot = granted?.lot ?? creditCause.purchase(checkoutSessionId);
    const own = entries.filter(({ cause }) =>
      cause.startsWith(`${CREDIT_CAUSES.takenBack}${checkoutSessionId}:`),
    );
    return {
      checkoutSessionId,
      lot,
      dueCents,
      expiredCents: lots.find((each) => each.lot === lot)?.expiredCents ?? 0,
      taken: takenAfter(own.map(({ lot: from, amount_cents: amountCents }) => ({ lot: from, amountCents }))),
      settlementCount: new Set(own.map(({ cause }) => cause)).size,
    };
  });
}
