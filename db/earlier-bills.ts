import type { Month } from '../domain/monthly-close.ts';
import { firstComparedPeriod } from '../domain/outlier.ts';
import { type Database, exactInteger } from './database.ts';

/**
 * What the users' bills came to before credits, in cents, month by month: of those months that a bill of `period` is compared
 * with (domain/outlier.ts), parts of a bill together. What was voided was not used.
 */
export async function usedBefore(
  db: Pick<Database, 'selectFrom'>,
  key: Month,
  userIds: readonly string[],
): Promise<Map<string, number[]>> {
  const rows = await db
    .selectFrom('bills')
    .select((bill) => [
      'user_id',
      bill.fn.sum<string>(bill('total_cents', '+', bill.ref('credits_applied_cents'))).as('used'),
    ])
    .where('mode', '=', key.mode)
    .where('user_id', 'in', userIds)
    .where('period', '>=', firstComparedPeriod(key.period))
    .where('period', '<', key.period)
    .where('status', '<>', 'void')
    .groupBy(['user_id', 'period'])
    .execute();
  const used = new Map<string, number[]>();
  for (const row of rows) used.set(row.user_id, [...(used.get(row.user_id) ?? []), exactInteger(row.used)]);
  return used;
}
