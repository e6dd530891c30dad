import { Big } from 'big.js';
import type { BillingPeriod } from '../domain/billing-period.ts';
import type { Mode } from '../domain/mode.ts';
import { LEVEL_PRODUCT } from '../domain/price-list.ts';
import { type StorageTotal, storageGbMs } from '../domain/storage.ts';
import type { MonthlyUsage } from '../domain/usage-report.ts';
import type { Database } from './database.ts';

/**
 * What a user has used in `period`, billed or not, from the totals alone: it takes no longer with more events.
 * Empty for a user who is unknown or has used nothing.
 */
export async function loadMonthlyUsage(
  db: Database,
  mode: Mode,
  userId: string,
  period: BillingPeriod,
): Promise<MonthlyUsage> {
  const rows = await db
    .selectFrom('usage_totals')
    .select(['product', 'period', 'used_quantity', 'level_change_gb'])
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    // Storage is carried over from all earlier months; sums are of this one only.
    .where((where) =>
      where.or([
        where('period', '=', period),
        where.and([where('product', '=', LEVEL_PRODUCT), where('period', '<', period)]),
      ]),
    )
    .execute();

  const usage = new Map<(typeof rows)[number]['product'], Big>();
  const storageTotals: (readonly [BillingPeriod, StorageTotal])[] = [];
  for (const row of rows) {
    if (row.product !== LEVEL_PRODUCT) usage.set(row.product, new Big(row.used_quantity));
    else {
      const total = { gbMs: new Big(row.used_quantity), levelChangeGb: new Big(row.level_change_gb) };
      storageTotals.push([row.period, total]);
    }
  }
  if (storageTotals.length > 0) usage.set(LEVEL_PRODUCT, storageGbMs(period, storageTotals));
  return usage;
}
