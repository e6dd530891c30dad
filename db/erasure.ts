import { sql } from 'kysely';
import { rateBill } from '../domain/bill.ts';
import { type BillingPeriod, billingPeriodOf } from '../domain/billing-period.ts';
import type { UserKey } from '../domain/customer-key.ts';
import type { ErasableUser, UnsettledBill } from '../domain/erasure.ts';
import { sumCents } from '../domain/money.ts';
import { LEVEL_PRODUCT } from '../domain/price-list.ts';
import { unbilledUsage } from '../domain/unbilled-usage.ts';
import type { UsageEvent } from '../domain/usage-event.ts';
import { lockUser } from './credits.ts';
import type { Database, DatabaseTransaction } from './database.ts';
import { freezeBill } from './freeze.ts';
import { loadUnitPrices } from './price-list.ts';
import { inTransaction } from './transaction.ts';
import { ingestUsageEvents } from './usage-events.ts';
import { usageTotalOf, usageTotalsOf } from './usage-totals.ts';

const WRITTEN_OFF = 'Written off: the user was erased.';

/** What an erasure must know of a user; `null`: there is none. */
export async function loadErasableUser(
  db: Pick<Database, 'selectFrom'>,
  { mode, userId }: UserKey,
  now: Date,
): Promise<ErasableUser | null> {
  const user = await db
    .selectFrom('users')
    .select(['stripe_customer_id', 'erased_at'])
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .executeTakeFirst();
  if (user === undefined) return null;
  const bills = await db
    .selectFrom('bills')
    .select([
      'bill_id as billId',
      'period',
      'status',
      'total_cents as totalCents',
      'stripe_invoice_id as stripeInvoiceId',
    ])
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .where('status', 'not in', ['paid', 'void'])
    .orderBy('period')
    .orderBy('part')
    .$narrowType<{ status: UnsettledBill['status'] }>()
    .execute();
  return {
    isErased: user.erased_at !== null,
    stripeCustomerId: user.stripe_customer_id,
    unsettledBills: bills,
    unbilledCents: await unbilledCents(db, { mode, userId }, billingPeriodOf(now)),
    heldDisks: (await disksThatHold(db, { mode, userId })).length,
  };
}

async function unbilledCents(
  db: Pick<Database, 'selectFrom'>,
  { mode, userId }: UserKey,
  period: BillingPeriod,
): Promise<number> {
  const totals = await usageTotalsOf(db, { mode, userIds: [userId], through: period })
    .selectAll()
    .execute();
  const { lines } = rateBill({
    period,
    usage: unbilledUsage(totals.map(usageTotalOf), period),
    unitPricesCents: await loadUnitPrices(db, mode),
    creditBalanceCents: 0,
  });
  return sumCents(lines.filter(({ product }) => product !== 'credits').map(({ amountCents }) => amountCents));
}

async function disksThatHold(db: Pick<Database, 'selectFrom'>, { mode, userId }: UserKey): Promise<string[]> {
  const rows = await db
    .selectFrom('storage_levels')
    .distinctOn('resource_id')
    .select(['resource_id', 'gb'])
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .orderBy('resource_id')
    .orderBy('occurred_at', 'desc')
    .orderBy('event_id', 'desc')
    .execute();
  return rows.filter(({ gb }) => Number(gb) !== 0).map((row) => row.resource_id);
}

/** Gives up what no bill holds yet: disks end `now`, and all of it goes on a bill that is void. Safe to repeat with the same `now`. */
export async function writeOffUsage(db: Database, key: UserKey, now: Date): Promise<void> {
  const ends = (await disksThatHold(db, key)).map(
    (resourceId): UsageEvent => ({
      // With the instant: a disk that is filled again after an erasure that was refused has another end.
      id: `erasure:${key.userId}:${resourceId}:${now.getTime()}`,
      userId: key.userId,
      product: LEVEL_PRODUCT,
      quantity: '0',
      occurredAt: now,
      resourceId,
    }),
  );
  if (ends.length > 0) {
    const { rejected } = await ingestUsageEvents(db, key.mode, ends);
    if (rejected.length > 0)
      throw new Error(`Disks of ${key.userId} can't be ended: ${JSON.stringify(rejected)}`);
  }
  await freezeBill(db, { ...key, period: billingPeriodOf(now) }, { writtenOff: WRITTEN_OFF });
}

/** From now on nothing of the user's is taken any more. Safe to repeat. @throws whatever `check` does, and then nothing has changed. */
export async function closeUser(
  db: Database,
  key: UserKey,
  now: Date,
  check: (user: ErasableUser | null) => void,
): Promise<void> {
  await inTransaction(db, async (transaction) => {
    const exists = (await loadErasableUser(transaction, key, now)) !== null;
    if (exists) await lockUser(transaction, key);
    check(await loadErasableUser(transaction, key, now));
    await transaction
      .updateTable('users')
      .set({ erased_at: sql<Date>`coalesce(erased_at, ${now})` })
      .where('mode', '=', key.mode)
      .where('user_id', '=', key.userId)
      .execute();
  });
}

/** How many rows of each kind are gone, or have been emptied. */
export interface ErasedRows {
  readonly paymentMethods: number;
  readonly accountSessions: number;
  readonly webhookReceipts: number;
  readonly notes: number;
}

/**
 * Empties what says who the user was, and deletes what is of no use without that. Usage, bills, lines, credits and ids stay. In one
 * transaction; safe to repeat.
 */
export async function eraseUserRows(db: Database, key: UserKey): Promise<ErasedRows> {
  const { mode, userId } = key;
  return await inTransaction(db, async (transaction) => {
    await sql`SELECT set_config('durable_billing.erases', 'yes', true)`.execute(transaction);
    const { stripe_customer_id: customer } = await transaction
      .updateTable('users')
      .set({
        email: '',
        name: '',
        known_payment_method_ids: [],
        default_payment_method_id: null,
        // What an operator wrote about them.
        suspended_reason: sql<string | null>`CASE WHEN suspended_reason IS NULL THEN NULL ELSE '' END`,
        status_reason: 'Their data was erased.',
        updated_at: new Date(),
      })
      .where('mode', '=', mode)
      .where('user_id', '=', userId)
      .returning('stripe_customer_id')
      .executeTakeFirstOrThrow();
    const paymentMethods = await transaction
      .deleteFrom('payment_methods')
      .where('mode', '=', mode)
      .where('user_id', '=', userId)
      .executeTakeFirst();
    const sessions = await sql`
      DELETE FROM account_sessions
      WHERE sess->'account'->>'mode' = ${mode} AND sess->'account'->>'userId' = ${userId}`.execute(
      transaction,
    );
    const receipts = await transaction
      .deleteFrom('webhook_receipts')
      .where('mode', '=', mode)
      .where('stripe_customer_id', '=', customer)
      .executeTakeFirst();
    return {
      paymentMethods: Number(paymentMethods.numDeletedRows),
      accountSessions: Number(sessions.numAffectedRows ?? 0n),
      webhookReceipts: Number(receipts.numDeletedRows),
      notes: await eraseNotes(transaction, key),
    };
  });
}

/** What operators wrote: why they decided, and why a bill is held. Links to Stripe's pages go as well, for these show a name. */
async function eraseNotes(transaction: DatabaseTransaction, { mode, userId }: UserKey): Promise<number> {
  const ofCustomer = await sql`
    UPDATE operator_decisions SET details = details - 'reason'
    WHERE mode = ${mode} AND user_id = ${userId} AND details ? 'reason'`.execute(transaction);
  const ofBills = await sql`
    UPDATE close_decisions SET reason = NULL
    WHERE mode = ${mode} AND reason IS NOT NULL AND EXISTS (
      SELECT FROM bills WHERE bills.mode = close_decisions.mode AND bills.bill_id = ANY (close_decisions.bill_ids)
        AND bills.user_id = ${userId})`.execute(transaction);
  await sql`
    UPDATE bills SET hosted_invoice_url = NULL, invoice_pdf_url = NULL,
      problem = CASE WHEN problem = ${WRITTEN_OFF} THEN problem END
    WHERE mode = ${mode} AND user_id = ${userId}`.execute(transaction);
  await sql`
    UPDATE test_purchases SET link = NULL WHERE mode = ${mode} AND user_id = ${userId}`.execute(transaction);
  return Number((ofCustomer.numAffectedRows ?? 0n) + (ofBills.numAffectedRows ?? 0n));
}
