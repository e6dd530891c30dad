import { Big } from 'big.js';
import { sql } from 'kysely';
import { type BillingPeriod, billingPeriodOf } from '../domain/billing-period.ts';
import type { Mode } from '../domain/mode.ts';
import { type MeteredProduct, PRICE_LIST } from '../domain/price-list.ts';
import { type StorageLevel, storageChanges } from '../domain/storage.ts';
import type { UsageEvent } from '../domain/usage-event.ts';
import type { DatabaseTransaction } from './database.ts';
import { type Disk, knownLevels, lockDisks } from './usage-levels.ts';

/** What one row of `usage_totals` grows by. */
interface Growth {
  readonly userId: string;
  readonly product: MeteredProduct;
  readonly period: BillingPeriod;
  readonly usedQuantity: Big;
  readonly levelChangeGb: Big;
}

/** Adds events that this transaction has just stored to the totals of their users, products and months. */
export async function growUsageTotals(
  transaction: DatabaseTransaction,
  mode: Mode,
  added: readonly UsageEvent[],
): Promise<void> {
  const growths = new Map<string, Growth>();
  const grow = (by: Growth): void => {
    const key = JSON.stringify([by.userId, by.product, by.period]);
    const sofar = growths.get(key);
    growths.set(key, sofar === undefined ? by : sumOf(sofar, by));
  };
  for (const event of added) {
    if (PRICE_LIST[event.product].aggregation === 'sum') grow(growthBySum(event));
  }
  for (const growth of await growthsByLevel(transaction, mode, added)) grow(growth);
  await upsert(transaction, mode, [...growths.values()]);
}

const ZERO = new Big(0);

function growthBySum(event: UsageEvent): Growth {
  const { userId, product } = event;
  const period = billingPeriodOf(event.occurredAt);
  return { userId, product, period, usedQuantity: new Big(event.quantity), levelChangeGb: ZERO };
}

function sumOf(a: Growth, b: Growth): Growth {
  return {
    ...a,
    usedQuantity: a.usedQuantity.plus(b.usedQuantity),
    levelChangeGb: a.levelChangeGb.plus(b.levelChangeGb),
  };
}

/** A new level changes what its neighbours in time amount to, so they are read, one transaction after the other. */
async function growthsByLevel(
  transaction: DatabaseTransaction,
  mode: Mode,
  added: readonly UsageEvent[],
): Promise<Growth[]> {
  const disks = disksOf(added);
  if (disks.length === 0) return [];
  await lockDisks(transaction, mode, disks);
  const known = await knownLevels(transaction, mode, disks);
  return disks.flatMap((disk, position) =>
    Array.from(storageChanges(known[position] ?? [], disk.added), ([period, change]) => ({
      userId: disk.userId,
      product: 'storage_gb_month' as const,
      period,
      usedQuantity: change.gbMs,
      levelChangeGb: change.levelChangeGb,
    })),
  );
}

function disksOf(added: readonly UsageEvent[]): Disk[] {
  const disks = new Map<string, Disk & { readonly added: StorageLevel[] }>();
  for (const { id, userId, product, quantity, occurredAt, resourceId } of added) {
    if (product !== 'storage_gb_month' || resourceId === null) continue;
    const key = JSON.stringify([userId, resourceId]);
    const disk = disks.get(key) ?? { userId, resourceId, added: [] };
    disk.added.push({ eventId: id, occurredAt, gb: quantity });
    disks.set(key, disk);
  }
  return [...disks.values()];
}

/** One statement for all rows, in the order in which everyone locks them: user, product, period. */
async function upsert(
  transaction: DatabaseTransaction,
  mode: Mode,
  growths: readonly Growth[],
): Promise<void> {
  const rows = growths
    .filter((growth) => !growth.usedQuantity.eq(0) || !growth.levelChangeGb.eq(0))
    .toSorted(
      (a, b) => compare(a.userId, b.userId) || compare(a.product, b.product) || compare(a.period, b.period),
    );
  if (rows.length === 0) return;
  await sql`
    INSERT INTO usage_totals AS total (mode, user_id, product, period, used_quantity, level_change_gb)
    SELECT ${mode}, * FROM unnest(
      ${rows.map((row) => row.userId)}::text[],
      ${rows.map((row) => row.product)}::text[],
      ${rows.map((row) => row.period)}::text[],
      ${rows.map((row) => row.usedQuantity.toFixed())}::numeric[],
      ${rows.map((row) => row.levelChangeGb.toFixed())}::numeric[])
    ON CONFLICT (mode, user_id, product, period) DO UPDATE SET
      used_quantity = total.used_quantity + excluded.used_quantity,
      level_change_gb = total.level_change_gb + excluded.level_change_gb`.execute(transaction);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
