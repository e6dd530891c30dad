import { sql } from 'kysely';
import type { UserKey } from '../domain/customer-key.ts';
import type { OperatorDecision } from '../domain/operator-decisions.ts';
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

/** A decision as the customer's page lists it. */
export interface RecordedDecision {
  readonly type: OperatorDecision['type'];
  readonly by: string;
  /** What else was said: until when (`untilMs`), or why (`reason`). */
  readonly details: { readonly untilMs?: number; readonly reason?: string };
  readonly decidedAt: Date;
}

/** What operators have decided about a user, newest first. */
export async function listOperatorDecisions(
  db: Database,
  { mode, userId }: UserKey,
  limit: number,
): Promise<RecordedDecision[]> {
  const rows = await db
    .selectFrom('operator_decisions')
    .select(['type', 'decided_by', 'decided_at'])
    .select(sql<RecordedDecision['details']>`details`.as('details'))
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .orderBy('decided_at', 'desc')
    .orderBy('decision_id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    type: row.type,
    by: row.decided_by,
    details: row.details,
    decidedAt: row.decided_at,
  }));
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
