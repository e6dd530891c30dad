import type { Mode } from '../domain/mode.ts';
import type { Database } from './database.ts';

/** Remembers whose a Checkout session is. */
export async function saveCheckoutSession(
  db: Database,
  session: { readonly mode: Mode; readonly checkoutSessionId: string; readonly userId: string },
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
