import type { DisputeFact } from '../domain/customer-facts.ts';
import type { UserKey } from '../domain/customer-key.ts';
import type { Mode } from '../domain/mode.ts';
import type { Database } from './database.ts';

/** A dispute with whose payment it is about. */
export interface Dispute extends DisputeFact, UserKey {
  /** The disputed charge, `ch_…`. */
  readonly stripeChargeId: string;
}

/** Brings a dispute to what Stripe says of it. Safe to repeat. */
export async function saveDispute(db: Database, dispute: Dispute): Promise<void> {
  const changing = {
    status: dispute.status,
    amount_cents: dispute.amountCents,
    due_by: dispute.dueByMs === null ? null : new Date(dispute.dueByMs),
    updated_at: new Date(),
  };
  await db
    .insertInto('disputes')
    .values({
      mode: dispute.mode,
      dispute_id: dispute.id,
      user_id: dispute.userId,
      stripe_charge_id: dispute.stripeChargeId,
      ...changing,
    })
    .onConflict((conflict) => conflict.columns(['mode', 'dispute_id']).doUpdateSet(changing))
    .execute();
}

/** The user's disputes, decided ones included; what must be answered soonest comes first. */
export async function listDisputes(db: Database, mode: Mode, userId: string): Promise<DisputeFact[]> {
  const rows = await db
    .selectFrom('disputes')
    .select(['dispute_id', 'status', 'amount_cents', 'due_by'])
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .orderBy('due_by', (order) => order.asc().nullsLast())
    .orderBy('dispute_id')
    .execute();
  return rows.map((row) => ({
    id: row.dispute_id,
    status: row.status,
    amountCents: row.amount_cents,
    dueByMs: row.due_by?.getTime() ?? null,
  }));
}
