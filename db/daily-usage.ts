import { Big } from 'big.js';
import type { BillingPeriod } from '../domain/billing-period.ts';
import type { UserKey } from '../domain/customer-key.ts';
import { type DailyUsage, type DailyUsageByProduct, rateDays } from '../domain/daily-usage.ts';
import { type Day, daysBegun } from '../domain/days.ts';
import { LEVEL_PRODUCT, METERED_PRODUCTS, type MeteredProduct } from '../domain/price-list.ts';
import { storageByDay } from '../domain/storage-by-day.ts';
import type { Database } from './database.ts';
import { loadMonthLevels } from './month-levels.ts';
import { loadUnitPrices } from './price-list.ts';

/**
 * What a user has used on each day of `period`, from its first to its last or to the day of `now`, days of nothing included;
 * storage of that day until `now`. Only products of which something was used; empty for a user who is unknown.
 *
 * The days of a month that is over add up to what the month used (`loadMonthlyUsage`), unless its raw events had been dropped
 * before days were kept (migration 0014).
 *
 * @throws Error when the mode has no price list (`ensurePriceList`).
 */
export async function loadDailyUsage(
  db: Database,
  user: UserKey,
  period: BillingPeriod,
  now: Date,
): Promise<DailyUsageByProduct> {
  const days = daysBegun(period, now);
  const [sums, disks, unitPricesCents] = await Promise.all([
    loadSums(db, user, days),
    loadMonthLevels(db, user, period),
    loadUnitPrices(db, user.mode),
  ]);
  const stored = storageByDay(period, disks.values(), now).map(({ day, gbMs }): [Day, Big] => [day, gbMs]);
  const used = sums.set(LEVEL_PRODUCT, new Map(stored));

  const usage = new Map<MeteredProduct, DailyUsage[]>();
  for (const product of METERED_PRODUCTS) {
    const quantities = used.get(product) ?? new Map<Day, Big>();
    if ([...quantities.values()].every((quantity) => quantity.eq(0))) continue;
    const ofDays = days.map((day): [Day, Big] => [day, quantities.get(day) ?? new Big(0)]);
    usage.set(product, rateDays(product, period, ofDays, unitPricesCents(product, period)));
  }
  return usage;
}

async function loadSums(
  db: Database,
  { mode, userId }: UserKey,
  days: readonly Day[],
): Promise<Map<MeteredProduct, Map<Day, Big>>> {
  const [first] = days;
  const last = days.at(-1);
  const sums = new Map<MeteredProduct, Map<Day, Big>>();
  if (first === undefined || last === undefined) return sums;
  const rows = await db
    .selectFrom('usage_by_day')
    .select(['product', 'day', 'quantity'])
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .where('day', '>=', first)
    .where('day', '<=', last)
    .execute();
  for (const { product, day, quantity } of rows) {
    const ofProduct = sums.get(product) ?? new Map<Day, Big>();
    sums.set(product, ofProduct.set(day, new Big(quantity)));
  }
  return sums;
}
