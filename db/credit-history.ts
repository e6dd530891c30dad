import { sql } from 'kysely';
import type { UserKey } from '../domain/customer-key.ts';
import type { Database } from './database.ts';

/** One change of a user's credits; what one cause takes from several lots is one change. */
export interface CreditChange {
  /** What made it, as `creditCause` (domain/credit-causes.ts) names it. */
  readonly cause: string;
  readonly at: Date;
  /** Negative for what was used, taken back or expired. */
  readonly cents: number;
  /** Until when what was granted may be used; `null`: for ever, or nothing was granted. */
  readonly expiresAt: Date | null;
}

/** The last changes of a user's credits, newest first. */
export async function listCreditChanges(
  db: Database,
  { mode, userId }: UserKey,
  limit: number,
): Promise<CreditChange[]> {
  const rows = await db
    .selectFrom('credit_entries')
    .select(({ fn }) => [
      'cause',
      fn.min('created_at').as('at'),
      fn.sum<string>('amount_cents').as('cents'),
      fn.max('expires_at').as('expires_at'),
    ])
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .groupBy('cause')
    .orderBy(sql`min(entry_id)`, 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ cause, at, cents, expires_at: expiresAt }) => ({
    cause,
    at,
    cents: Number(cents),
    expiresAt,
  }));
}
