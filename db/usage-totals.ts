import type { Selectable } from 'kysely';
import type { BillingPeriod } from '../domain/billing-period.ts';
import { MODES, type Mode } from '../domain/mode.ts';
import { LEVEL_PRODUCT } from '../domain/price-list.ts';
import type { UsageTotal } from '../domain/unbilled-usage.ts';
import type { Database } from './database.ts';
import type { UsageTotalsTable } from './schema.ts';

/** The totals of users for all months up to `through`: of each user by product and month, in the order in which ingestion locks them. */
export function usageTotalsOf(
  db: Pick<Database, 'selectFrom'>,
  {
    mode,
    userIds,
    through,
  }: { readonly mode: Mode; readonly userIds: readonly string[]; readonly through: BillingPeriod },
) {
  return db
    .selectFrom('usage_totals')
    .where('mode', '=', mode)
    .where('user_id', 'in', userIds)
    .where('period', '<=', through)
    .orderBy('user_id')
    .orderBy((row) => row('product', '=', LEVEL_PRODUCT))
    .orderBy('product')
    .orderBy('period');
}

/** A row as the rules of billing take it (domain/unbilled-usage.ts): quantities stay exact decimals. */
export function usageTotalOf(row: Selectable<UsageTotalsTable>): UsageTotal {
  return {
    product: row.product,
    period: row.period,
    usedQuantity: row.used_quantity,
    levelChangeGb: row.level_change_gb,
    billedQuantity: row.billed_quantity,
    eventCount: row.event_count,
    billedEventCount: row.billed_event_count,
    unbilledFirstAt: row.unbilled_first_at,
    unbilledLastAt: row.unbilled_last_at,
  };
}

/** Whether anybody has used in a month, in either mode, what is summed: of that, unlike of storage, `usage_events` keeps each event. */
export async function hasSummedUsageIn(
  db: Pick<Database, 'selectFrom'>,
  period: BillingPeriod,
): Promise<boolean> {
  const { mode } =
    (await db
      .selectFrom('usage_totals')
      .select('mode')
      .where('mode', 'in', MODES)
      .where('period', '=', period)
      .where('product', '<>', LEVEL_PRODUCT)
      .limit(1)
      .executeTakeFirst()) ?? {};
  return mode !== undefined;
}
