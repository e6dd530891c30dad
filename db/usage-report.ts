import { Big } from 'big.js';
import type { BillingPeriod } from '../domain/billing-period.ts';
import type { Mode } from '../domain/mode.ts';
import { LEVEL_PRODUCT } from '../domain/price-list.ts';
import { storageGbMs } from '../domain/storage.ts';
import { storageTotalOf } from '../domain/unbilled-usage.ts';
import type { MonthlyUsage } from '../domain/usage-report.ts';
import type { Database } from './database.ts';
import { usageTotalOf } from './usage-totals.ts';

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
    .selectAll()
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

  const totals = rows.map(usageTotalOf);
  const sums = totals.filter(({ product }) => product !== LEVEL_PRODUCT);
  const levels = totals.filter(({ product }) => product === LEVEL_PRODUCT);
  const usage = new Map(sums.map(({ product, usedQuantity }) => [product, new Big(usedQuantity)]));
  if (levels.length > 0) usage.set(LEVEL_PRODUCT, storageGbMs(period, levels.map(storageTotalOf)));
  return usage;
}
