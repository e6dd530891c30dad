import type { Mode } from '../domain/mode.ts';
import { type Database, exactInteger } from './database.ts';

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
