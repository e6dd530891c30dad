import type { UserKey } from '../domain/customer-key.ts';
import type { Mode } from '../domain/mode.ts';
import type { Database } from './database.ts';

/** Remembers whose a Checkout session is. */
export async function saveCheckoutSession(
  db: Database,
  session: UserKey & { readonly checkoutSessionId: string },
): Promise<void> {
  await db
    .insertInto('checkout_sessions')
    .values({ mode: session.mode, checkout_session_id: session.checkoutSessionId, user_id: session.userId })
    .onConflict((conflict) => conflict.columns(['mode', 'checkout_session_id']).doNothing())
    .execute();
}

/** Sessions of the user whose subscription has been seen to: they have had their effect. */
export async function completedSessionsOf(db: Database, mode: Mode, userId: string): Promise<Set<string>> {
  const rows = await db
    .selectFrom('checkout_sessions')
    .select('checkout_session_id')
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .where('completed_at', 'is not', null)
    .execute();
  return new Set(rows.map((row) => row.checkout_session_id));
}

/**
 * What became of a user's own session: `waiting` until its subscription or its credits have been seen to. `undefined` when it is
 * not theirs.
 */
export async function checkoutProgress(
  db: Database,
  session: UserKey & { readonly checkoutSessionId: string },
): Promise<'waiting' | 'done' | undefined> {
  const found = await db
    .selectFrom('checkout_sessions as session')
    .leftJoin('credit_purchases as purchase', (join) =>
      join
        .onRef('purchase.mode', '=', 'session.mode')
        .onRef('purchase.checkout_session_id', '=', 'session.checkout_session_id'),
    )
    .select(['session.completed_at', 'purchase.checkout_session_id as purchase'])
    .where('session.mode', '=', session.mode)
    .where('session.user_id', '=', session.userId)
    .where('session.checkout_session_id', '=', session.checkoutSessionId)
    .executeTakeFirst();
  if (found === undefined) return undefined;
  return found.completed_at === null && found.purchase === null ? 'waiting' : 'done';
}
