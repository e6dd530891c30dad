import { Big } from 'big.js';
import { Kysely, type Migration, PostgresDialect, sql } from 'kysely';
import { Pool } from 'pg';
import { expect, test } from 'vitest';
import { openDatabase } from '../../db/database.ts';
import * as customers from '../../db/migrations/0001-customers.ts';
import * as usageAndBills from '../../db/migrations/0002-usage-and-bills.ts';
import * as customerLife from '../../db/migrations/0003-customer-life.ts';
import * as apiKeys from '../../db/migrations/0004-api-keys.ts';
import * as usageByMonth from '../../db/migrations/0005-usage-by-month.ts';
import { ingestUsageEvents } from '../../db/usage-events.ts';
import { listPartitions } from '../../db/usage-partitions.ts';
import { loadMonthlyUsage } from '../../db/usage-report.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import type { UsageEvent } from '../../domain/usage-event.ts';
import { withFreshDatabase } from '../support/database.ts';

/** Each in a transaction, as Kysely's migrator does. */
async function migrate(url: string, ...migrations: readonly Migration[]): Promise<void> {
  const db = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: new Pool({ connectionString: url }) }),
  });
  for (const migration of migrations)
    await db.transaction().execute((transaction) => migration.up(transaction));
  await db.destroy();
}

test('0005: usage from before is moved, known again when it is sent again, and counted on from', async () => {
  await withFreshDatabase(async (url) => {
    const db = openDatabase(url);
    try {
      await migrate(url, customers, usageAndBills, customerLife, apiKeys);
      await sql`INSERT INTO users (mode, user_id, email, name) VALUES ('test', 'u', 'u@example.com', 'U')`.execute(
        db,
      );
      await sql`
        INSERT INTO usage_events (mode, event_id, user_id, product, quantity, occurred_at, resource_id) VALUES
          ('test', 'a', 'u', 'cpu_hour', 1.50, '2026-09-30T23:59:59.999Z', NULL),
          ('test', 'b', 'u', 'cpu_hour', 100, '2026-10-01T00:00:00Z', NULL),
          ('test', 'c', 'u', 'storage_gb_month', 7, '2026-10-01T00:00:00.001Z', 'disk ü')`.execute(db);
      await sql`
        INSERT INTO usage_totals (mode, user_id, product, period, used_quantity, level_change_gb, billed_quantity) VALUES
          ('test', 'u', 'cpu_hour', '2026-09', 1.5, 0, 1.5),
          ('test', 'u', 'cpu_hour', '2026-10', 100, 0, 0),
          ('test', 'u', 'storage_gb_month', '2026-10', 18748799993, 7, 0)`.execute(db);
      await migrate(url, usageByMonth);

      const sent = (id: string, quantity: string, occurredAt: string): UsageEvent => ({
        id,
        userId: 'u',
        product: 'cpu_hour',
        quantity,
        occurredAt: new Date(occurredAt),
        resourceId: null,
      });
      const disk: Partial<UsageEvent> = { product: 'storage_gb_month', resourceId: 'disk ü' };
      expect(
        await ingestUsageEvents(db, 'test', [
          sent('a', '1.5', '2026-09-30T23:59:59.999Z'),
          sent('b', '100', '2026-10-01T00:00:00.000Z'),
          { ...sent('c', '7', '2026-10-01T00:00:00.001Z'), ...disk },
          sent('d', '1', '2026-10-02T00:00:00.000Z'),
          { ...sent('e', '0', '2026-11-01T00:00:00.000Z'), ...disk },
        ]),
      ).toEqual({ accepted: 2, duplicates: 3, rejected: [] });
      expect(await listPartitions(db)).toEqual(['2026-09', '2026-10']);
      const november = await loadMonthlyUsage(db, 'test', 'u', parseBillingPeriod('2026-11'));
      expect(november.get('storage_gb_month')).toEqual(new Big(0));
      const { rows } = await sql`
        SELECT product, period, event_count, billed_event_count FROM usage_totals ORDER BY product, period`.execute(
        db,
      );
      expect(rows).toEqual([
        { product: 'cpu_hour', period: '2026-09', event_count: 1, billed_event_count: 1 },
        { product: 'cpu_hour', period: '2026-10', event_count: 2, billed_event_count: 0 },
        { product: 'storage_gb_month', period: '2026-10', event_count: 1, billed_event_count: 0 },
        { product: 'storage_gb_month', period: '2026-11', event_count: 1, billed_event_count: 0 },
      ]);
    } finally {
      await db.destroy();
    }
  });
});
