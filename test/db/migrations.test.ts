import { Big } from 'big.js';
import { Kysely, type Migration, PostgresDialect, sql } from 'kysely';
import { Pool } from 'pg';
import { expect, test } from 'vitest';
import { saveCreditPurchase, saveTakenBack } from '../../db/credit-purchases.ts';
import { listCreditLots } from '../../db/credits.ts';
import { openDatabase } from '../../db/database.ts';
import * as customers from '../../db/migrations/0001-customers.ts';
import * as usageAndBills from '../../db/migrations/0002-usage-and-bills.ts';
import * as customerLife from '../../db/migrations/0003-customer-life.ts';
import * as apiKeys from '../../db/migrations/0004-api-keys.ts';
import * as usageByMonth from '../../db/migrations/0005-usage-by-month.ts';
import * as creditLots from '../../db/migrations/0006-credit-lots.ts';
import * as usageByDay from '../../db/migrations/0014-usage-by-day.ts';
import * as erasure from '../../db/migrations/0019-erasure.ts';
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
      await migrate(url, usageByMonth, usageByDay, erasure); // The last two for the ingestion of today.

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

test('0006: credits from before are one lot of each user, which never expires', async () => {
  await withFreshDatabase(async (url) => {
    const db = openDatabase(url);
    try {
      await migrate(url, customers, usageAndBills, customerLife, apiKeys, usageByMonth);
      await sql`INSERT INTO users (mode, user_id, email, name) VALUES
        ('test', 'ada', '', ''), ('test', 'eve', '', '')`.execute(db);
      await sql`INSERT INTO credit_purchases (mode, checkout_session_id, user_id, granted_cents) VALUES
        ('test', 'cs_1', 'ada', 500), ('test', 'cs_2', 'ada', 300)`.execute(db);
      await sql`INSERT INTO credit_entries (mode, user_id, amount_cents, cause) VALUES
        ('test', 'ada', 500, 'checkout_session:cs_1'), ('test', 'eve', 10, 'bill:bill_1'),
        ('test', 'ada', -50, 'bill:bill_2'), ('test', 'ada', 300, 'checkout_session:cs_2')`.execute(db);
      await migrate(url, creditLots);

      const lotsOf = (userId: string) => listCreditLots(db, { mode: 'test', userId }, new Date());
      const opening = { lot: 'opening', expiresAt: null };
      expect(await lotsOf('ada')).toMatchObject([{ ...opening, remainingCents: 750 }]);
      expect(await lotsOf('eve')).toMatchObject([{ ...opening, remainingCents: 10 }]);

      // It is the own lot of purchases from before: what is refunded of them is taken from it first.
      const purchase = { mode: 'test', userId: 'ada', grantedCents: 100, expiresAt: null } as const;
      await saveCreditPurchase(db, { ...purchase, checkoutSessionId: 'cs_3' });
      const takeBack = (checkoutSessionId: string, takenBackCents: number) =>
        saveTakenBack(db, { mode: 'test', checkoutSessionId, takenBackCents });
      await takeBack('cs_1', 500);
      await takeBack('cs_2', 300);
      const third = { lot: 'checkout_session:cs_3', expiresAt: null };
      expect(await lotsOf('ada')).toMatchObject([{ ...third, remainingCents: 50 }]);
      await takeBack('cs_1', 100);
      expect(await lotsOf('ada')).toMatchObject([
        { ...opening, remainingCents: 350 },
        { ...third, remainingCents: 100 },
      ]);
    } finally {
      await db.destroy();
    }
  });
});

test('0014: usage from before has its days, in UTC, and they are counted on from', async () => {
  await withFreshDatabase(async (url) => {
    const db = openDatabase(url);
    try {
      await migrate(url, customers, usageAndBills, customerLife, apiKeys, usageByMonth);
      await sql`INSERT INTO users (mode, user_id, email, name) VALUES ('test', 'u', '', ''), ('live', 'u', '', '')`.execute(
        db,
      );
      await sql`CREATE TABLE usage_events_2026_10 PARTITION OF usage_events
        FOR VALUES FROM ('2026-10-01T00:00:00Z') TO ('2026-11-01T00:00:00Z')`.execute(db);
      await sql`
        INSERT INTO usage_events (mode, event_id, user_id, product, quantity, occurred_at, number) VALUES
          ('test', 'a', 'u', 'cpu_hour', 1.5, '2026-10-01T00:00:00Z', 1),
          ('test', 'b', 'u', 'cpu_hour', 2, '2026-10-01T23:59:59.999Z', 2),
          ('test', 'c', 'u', 'cpu_hour', 4, '2026-10-02T00:00:00Z', 3),
          ('test', 'd', 'u', 'gpu_hour', 8, '2026-10-02T00:00:00Z', 1),
          ('live', 'a', 'u', 'cpu_hour', 16, '2026-10-01T12:00:00Z', 1)`.execute(db);
      // Where midnight is another instant.
      await sql`ALTER DATABASE ${sql.ref(new URL(url).pathname.slice(1))} SET timezone = 'Pacific/Kiritimati'`.execute(
        db,
      );
      await migrate(url, usageByDay, erasure); // The last for the ingestion of today.

      const occurredAt = new Date('2026-10-02T01:00:00Z');
      const later = { id: 'e', userId: 'u', product: 'cpu_hour', quantity: '0.25', occurredAt } as const;
      await ingestUsageEvents(db, 'test', [{ ...later, resourceId: null }]);
      const { rows } = await sql`
        SELECT mode, product, day, trim_scale(quantity) AS quantity FROM usage_by_day
        ORDER BY mode, product, day`.execute(db);
      expect(rows).toEqual([
        { mode: 'live', product: 'cpu_hour', day: '2026-10-01', quantity: '16' },
        { mode: 'test', product: 'cpu_hour', day: '2026-10-01', quantity: '3.5' },
        { mode: 'test', product: 'cpu_hour', day: '2026-10-02', quantity: '4.25' },
        { mode: 'test', product: 'gpu_hour', day: '2026-10-02', quantity: '8' },
      ]);
    } finally {
      await db.destroy();
    }
  });
});
