import type { OperatorDecision } from '../domain/operator-decisions.ts';
import type { UserKey } from './credits.ts';
import type { Database, DatabaseTransaction } from './database.ts';
import { inTransaction } from './transaction.ts';

/** Records what an operator has decided, and lets it hold from now on; once per `decisionId`. */
export async function saveOperatorDecision(
  db: Database,
  key: UserKey,
  { decisionId, decision }: { readonly decisionId: string; readonly decision: OperatorDecision },
): Promise<void> {
  const { type, by, ...details } = decision;
  await inTransaction(db, async (transaction) => {
    const recorded = await transaction
      .insertInto('operator_decisions')
      .values({
        mode: key.mode,
        decision_id: decisionId,
        user_id: key.userId,
        type,
        decided_by: by,
        details: JSON.stringify(details),
      })
      .onConflict((conflict) => conflict.columns(['mode', 'decision_id']).doNothing())
      .returning('decision_id')
      .executeTakeFirst();
    if (recorded !== undefined) await apply(transaction, key, decision);
  });
}

async function apply(
  transaction: DatabaseTransaction,
  { mode, userId }: UserKey,
  decision: OperatorDecision,
): Promise<void> {
  await transaction
    .updateTable('users')
    .set({ ...columnsOf(decision), updated_at: new Date() })
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .execute();
}

function columnsOf(decision: OperatorDecision) {
  switch (decision.type) {
    case 'extendGrace':
      return { grace_extended_until: new Date(decision.untilMs) };
    case 'suspend':
      return { suspended_by: decision.by, suspended_reason: decision.reason };
    case 'reactivate':
      return { suspended_by: null, suspended_reason: null };
  }
}
