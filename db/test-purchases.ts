import { type Selectable, sql } from 'kysely';
import { creditCause } from '../domain/credit-causes.ts';
import type { StripeEventEnvelope } from '../domain/stripe-event.ts';
import type { TestPurchaseRequest, TestPurchaseState } from '../domain/test-purchase.ts';
import { recordAppliedEvents } from './applied-events.ts';
import { grantCreditLot, lockUser, settleCredits } from './credits.ts';
import type { Database } from './database.ts';
import type { TestPurchasesTable } from './schema.ts';
import { inTransaction } from './transaction.ts';

/** A test purchase as its workflow saved it last. */
export type TestPurchase = Selectable<TestPurchasesTable>;

/** The one mode of all that is here. */
const mode = 'test';

/**
 * Writes down that somebody wants to buy, once per purchase; of a user whom only live mode knows, test mode takes e-mail and
 * name over. Safe to repeat.
 *
 * @returns the purchase as it stands, which may be one that asked for something else under the same id; `undefined` when no mode
 *   knows the user, or their data was erased.
 */
export async function recordTestPurchase(
  db: Database,
  purchase: TestPurchaseRequest & { readonly purchaseId: string },
): Promise<TestPurchase | undefined> {
  const { purchaseId, userId, credits, card } = purchase;
  return await inTransaction(db, async (transaction) => {
    await transaction
      .insertInto('users')
      .columns(['mode', 'user_id', 'email', 'name'])
      .expression((live) =>
        live
          .selectFrom('users')
          .select([sql.lit(mode).as('mode'), 'user_id', 'email', 'name'])
          .where('mode', '=', 'live')
          .where('user_id', '=', userId)
          .where('erased_at', 'is', null),
      )
      .onConflict((conflict) => conflict.columns(['mode', 'user_id']).doNothing())
      .execute();
    // By selecting: of a user whom nobody knows, or who was erased, there is nothing to insert.
    await transaction
      .insertInto('test_purchases')
      .columns(['purchase_id', 'user_id', 'credits', 'card'])
      .expression((known) =>
        known
          .selectFrom('users')
          .select([
            sql.val(purchaseId).as('purchase_id'),
            'user_id',
            sql.val(credits).as('credits'),
            sql.val(card).as('card'),
          ])
          .where('mode', '=', mode)
          .where('user_id', '=', userId)
          .where('erased_at', 'is', null),
      )
      .onConflict((conflict) => conflict.columns(['mode', 'purchase_id']).doNothing())
      .execute();
    return await transaction
      .selectFrom('test_purchases')
      .selectAll()
      .where('purchase_id', '=', purchaseId)
      .executeTakeFirst();
  });
}

/**
 * Saves how far a purchase is, and that these webhooks of Stripe's have had their effect, in one transaction. Safe to repeat, also
 * late: an attempt whose worker stood still for a while may come after a newer state, and changes nothing of that.
 */
export async function saveTestPurchaseState(
  db: Database,
  state: TestPurchaseState,
  events: readonly StripeEventEnvelope[],
): Promise<void> {
  const { purchaseId, stripeCustomerId } = state;
  await inTransaction(db, async (transaction) => {
    await transaction
      .updateTable('test_purchases')
      .set({
        status: state.status,
        payment_intent_id: state.paymentIntentId,
        link: state.link,
        problem: state.problem,
        decline_code: state.declineCode,
        steps: JSON.stringify(state.steps),
        updated_at: new Date(),
      })
      .where('purchase_id', '=', purchaseId)
      // An end is an end, and steps only grow.
      .where('status', 'in', ['processing', 'requires_action'])
      .where(sql<boolean>`jsonb_array_length(steps) <= ${state.steps.length}`)
      .execute();
    if (stripeCustomerId !== null) await recordAppliedEvents(transaction, { mode, stripeCustomerId }, events);
  });
}

/** Grants the credits of a purchase that was paid, once. Safe to repeat. */
export async function grantTestPurchase(
  db: Database,
  purchase: {
    readonly purchaseId: string;
    readonly userId: string;
    /** What the credits are worth, in cents; more than 0. */
    readonly grantedCents: number;
    readonly expiresAt: Date | null;
  },
): Promise<void> {
  const { purchaseId, userId, grantedCents, expiresAt } = purchase;
  const user = { mode, userId } as const;
  const cause = creditCause.testPurchase(purchaseId);
  await inTransaction(db, async (transaction) => {
    await lockUser(transaction, user);
    const granted = await transaction
      .selectFrom('credit_entries')
      .select('entry_id')
      .where('mode', '=', mode)
      .where('user_id', '=', userId)
      .where('cause', '=', cause)
      .executeTakeFirst();
    if (granted !== undefined) return;
    await grantCreditLot(transaction, user, { cause, cents: grantedCents, expiresAt });
    await settleCredits(transaction, user);
  });
}

/** The purchase of this id; `undefined`: nobody has asked for it. */
export async function findTestPurchase(db: Database, purchaseId: string): Promise<TestPurchase | undefined> {
  return await db
    .selectFrom('test_purchases')
    .selectAll()
    .where('purchase_id', '=', purchaseId)
    .executeTakeFirst();
}

/** The latest purchases, newest first. */
export async function listTestPurchases(db: Database, limit: number): Promise<TestPurchase[]> {
  return await db
    .selectFrom('test_purchases')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('purchase_id')
    .limit(limit)
    .execute();
}
