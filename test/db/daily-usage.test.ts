import { Big } from 'big.js';
import fc from 'fast-check';
import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { loadDailyUsage } from '../../db/daily-usage.ts';
import { setUnitPrice } from '../../db/price-list.ts';
import { ingestUsageEvents } from '../../db/usage-events.ts';
import { dropUsageEvents } from '../../db/usage-partitions.ts';
import { loadMonthlyUsage } from '../../db/usage-report.ts';
import { baseUnitsPerUnit } from '../../domain/bill.ts';
import { parseBillingPeriod, periodsBetween } from '../../domain/billing-period.ts';
import type { DailyUsage } from '../../domain/daily-usage.ts';
import { METERED_PRODUCTS, type MeteredProduct } from '../../domain/price-list.ts';
import type { UsageEvent } from '../../domain/usage-event.ts';
import { useTestDatabase } from '../support/database.ts';
import {
  AUGUST,
  holdTotals,
  ingest,
  level,
  newUser,
  OCTOBER,
  SEPTEMBER,
  untilWaiting,
  usage,
} from './fixtures.ts';

const database = useTestDatabase({ pricesOf: ['test', 'live'] });
let userId: string;
beforeEach(async () => {
  userId = await newUser(database.db);
});

const LATER = new Date('2026-12-15T12:00:00Z');
const at = (occurredAt: string, overrides: Partial<UsageEvent> = {}) =>
  usage(userId, { occurredAt: new Date(occurredAt), ...overrides });
const load = (period = SEPTEMBER, now = LATER) =>
  loadDailyUsage(database.db, { mode: 'test', userId }, period, now);

/** Only the days on which something was used. */
async function usedDays(product: MeteredProduct, period = SEPTEMBER, now = LATER): Promise<DailyUsage[]> {
  const days = (await load(period, now)).get(product) ?? [];
  return days.filter(({ quantity }) => quantity !== '0');
}

const sum = (values: readonly string[]): string =>
  values.reduce((total, value) => total.plus(value), new Big(0)).toFixed();

/** What the month used, in the unit of the price list. */
async function monthly(product: MeteredProduct, period = SEPTEMBER): Promise<string> {
  const used = await loadMonthlyUsage(database.db, 'test', userId, period);
  return (used.get(product) ?? new Big(0)).div(baseUnitsPerUnit(product, period)).round(12).toFixed();
}

describe('what is summed', () => {
  test('counts for its day in UTC, with all days of the month, and what it costs exactly', async () => {
    await ingest(database.db, [
      at('2026-09-01T00:00:00.000Z', { quantity: '0.1' }),
      at('2026-09-01T23:59:59.999Z', { quantity: '0.2' }),
      at('2026-09-02T00:00:00.000Z', { quantity: '3' }),
      at('2026-09-30T23:59:59.999Z', { product: 'api_calls', quantity: '7' }),
      at('2026-10-01T00:00:00.000Z', { quantity: '50' }),
    ]);
    const days = await load();
    expect([...days.keys()]).toEqual(['cpu_hour', 'api_calls']);
    expect(days.get('cpu_hour')).toHaveLength(30);
    expect(days.get('cpu_hour')?.slice(0, 3)).toEqual([
      { day: '2026-09-01', quantity: '0.3', amountCents: '3' },
      { day: '2026-09-02', quantity: '3', amountCents: '30' },
      { day: '2026-09-03', quantity: '0', amountCents: '0' },
    ]);
    expect(days.get('api_calls')?.at(-1)).toEqual({
      day: '2026-09-30',
      quantity: '7',
      amountCents: '0.007',
    });
  });

  test('of an event sent again, alone or beside a new one, counts once', async () => {
    const event = at('2026-09-07T10:00:00Z', { quantity: '2' });
    await ingest(database.db, [event]);
    await ingestUsageEvents(database.db, 'test', [event, { ...event }, at('2026-09-07T11:00:00Z')]);
    await ingestUsageEvents(database.db, 'test', [{ ...event, quantity: '9' }, event]);
    expect(await usedDays('cpu_hour')).toEqual([{ day: '2026-09-07', quantity: '3', amountCents: '30' }]);
  });

  test('of a batch that fails half-way, nothing stays', async () => {
    const { schema } = database.db;
    await schema.alterTable('usage_by_day').renameTo('days_elsewhere').execute();
    try {
      await expect(ingest(database.db, [at('2026-09-07T10:00:00Z')])).rejects.toThrow(
        '"usage_by_day" does not exist',
      );
    } finally {
      await schema.alterTable('days_elsewhere').renameTo('usage_by_day').execute();
    }
    expect(await monthly('cpu_hour')).toBe('0');
    expect(await load()).toEqual(new Map());
  });

  test('costs what its month does', async () => {
    await setUnitPrice(
      database.db,
      { mode: 'test', product: 'gpu_hour', fromPeriod: OCTOBER, unitPriceCents: '250.5' },
      new Date('2026-10-01T00:00:00Z'),
    );
    await ingest(database.db, [
      at('2026-09-30T12:00:00Z', { product: 'gpu_hour' }),
      at('2026-10-01T12:00:00Z', { product: 'gpu_hour' }),
    ]);
    expect(await usedDays('gpu_hour')).toMatchObject([{ amountCents: '200' }]);
    expect(await usedDays('gpu_hour', OCTOBER)).toMatchObject([{ amountCents: '250.5' }]);
  });

  test('outlives its raw events', async () => {
    await ingest(database.db, [at('2025-08-03T00:00:00Z')]);
    const july = parseBillingPeriod('2025-08');
    await dropUsageEvents(database.db, parseBillingPeriod('2025-09'), LATER);
    expect(await usedDays('cpu_hour', july)).toEqual([
      { day: '2025-08-03', quantity: '1', amountCents: '10' },
    ]);
  });

  test('is written after all totals are locked: who waits for a total holds no day', async () => {
    const users = [userId, await newUser(database.db)].toSorted();
    const events = () => users.map((each) => at('2026-09-07T10:00:00Z', { userId: each }));
    await ingest(database.db, events());
    const holder = await holdTotals(database.db, users[1] ?? '');
    const ingestion = ingest(database.db, events());
    try {
      await untilWaiting(database.db, 1);
      const { rows } = await sql`
        SELECT quantity FROM usage_by_day WHERE user_id = ANY(${users}::text[]) FOR UPDATE NOWAIT`.execute(
        database.db,
      );
      expect(rows).toEqual([{ quantity: '1' }, { quantity: '1' }]);
    } finally {
      await holder.commit().execute();
      await ingestion;
    }
  });

  test('of many batches at once, which overlap, is in each day once, and none waits in a circle', async () => {
    const users = [userId, ...(await Promise.all([1, 2, 3, 4].map(() => newUser(database.db))))];
    const events = Array.from({ length: 900 }, (_, n) =>
      at(new Date(Date.UTC(2026, 8, 1 + (n % 30))).toISOString(), { userId: users[n % 5] ?? userId }),
    );
    const batches = [0, 150, 300, 450, 600, 750].map((from, n) => {
      const batch = [...events.slice(from), ...events.slice(0, from)].slice(0, 600);
      return n % 2 === 0 ? batch : batch.toReversed();
    });
    await Promise.all(batches.map((batch) => ingestUsageEvents(database.db, 'test', batch)));
    const { rows } = await sql<{ total: string; days: number }>`
      SELECT sum(quantity) AS total, count(*) AS days FROM usage_by_day
      WHERE user_id = ANY(${users}::text[])`.execute(database.db);
    expect(rows).toEqual([{ total: '900', days: 30 }]);
    await sql`SELECT pg_stat_force_next_flush()`.execute(database.db);
    const { rows: stat } = await sql<{ deadlocks: number }>`
      SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`.execute(database.db);
    expect(stat).toEqual([{ deadlocks: 0 }]);
  });
});

describe('storage', () => {
  test('is the GB-months of each day, carried over from years before, and until now today', async () => {
    await ingest(database.db, [
      level(userId, '9', '2024-03-01T00:00:00Z'),
      level(userId, '60', '2024-03-02T00:00:00Z'),
      { ...level(userId, '30', '2026-09-03T12:00:00Z'), resourceId: 'disk-2' },
      level(userId, '0', '2026-10-01T00:00:00Z'),
    ]);
    const now = new Date('2026-09-04T12:00:00Z');
    expect((await load(SEPTEMBER, now)).get('storage_gb_month')).toEqual([
      { day: '2026-09-01', quantity: '2', amountCents: '30' },
      { day: '2026-09-02', quantity: '2', amountCents: '30' },
      { day: '2026-09-03', quantity: '2.5', amountCents: '37.5' },
      { day: '2026-09-04', quantity: '1.5', amountCents: '22.5' },
    ]);
    expect(await usedDays('storage_gb_month', AUGUST)).toHaveLength(31);
  });

  test('of two levels at the instant that the month begins with is the one with the greater id', async () => {
    const a = { ...level(userId, '10', '2026-09-01T00:00:00Z'), id: `B-${userId}` };
    const b = { ...level(userId, '20', '2026-09-01T00:00:00Z'), id: `a-${userId}` };
    await ingest(database.db, [b, a]);
    expect(await monthly('storage_gb_month')).toBe('20');
    expect(sum((await usedDays('storage_gb_month')).map(({ quantity }) => quantity))).toBe('20');
  });
});

test('whatever was used, the days of a month that is over add up to what the month used', async () => {
  const event = fc.record({
    product: fc.constantFrom(...METERED_PRODUCTS),
    occurredAt: fc.date({
      min: new Date('2026-08-20T00:00:00Z'),
      max: new Date('2026-11-05T00:00:00Z'),
      noInvalidDate: true,
    }),
    quantity: fc.integer({ min: 0, max: 5_000 }).map((n) => new Big(n).div(1_000).toFixed()),
    disk: fc.constantFrom('disk-1', 'disk-2'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 40 }), async (drawn) => {
      userId = await newUser(database.db);
      await ingest(
        database.db,
        drawn.map(({ disk, ...fields }) =>
          usage(userId, { ...fields, resourceId: fields.product === 'storage_gb_month' ? disk : null }),
        ),
      );
      for (const period of periodsBetween(AUGUST, parseBillingPeriod('2026-11'))) {
        const days = await load(period);
        for (const product of METERED_PRODUCTS) {
          const quantities = (days.get(product) ?? []).map(({ quantity }) => quantity);
          expect(sum(quantities), `${product} ${period}`).toBe(await monthly(product, period));
        }
      }
    }),
    { numRuns: 25 },
  );
});

test('of today is what came until today; of a month to come, of another mode and of nobody there is nothing', async () => {
  await ingest(database.db, [
    at('2026-09-02T23:59:00Z'),
    at('2026-09-03T00:01:00Z'), // by a clock that is ahead
    at('2026-09-03T00:01:00Z', { product: 'gpu_hour' }),
  ]);
  const now = new Date('2026-09-02T23:59:30Z');
  expect((await load(SEPTEMBER, now)).get('cpu_hour')).toEqual([
    { day: '2026-09-01', quantity: '0', amountCents: '0' },
    { day: '2026-09-02', quantity: '1', amountCents: '10' },
  ]);
  expect([...(await load(SEPTEMBER, now)).keys()]).toEqual(['cpu_hour']);
  expect(await load(OCTOBER, now)).toEqual(new Map());
  const elsewhere = { mode: 'live', userId } as const;
  expect(await loadDailyUsage(database.db, elsewhere, SEPTEMBER, LATER)).toEqual(new Map());
  expect(await loadDailyUsage(database.db, { mode: 'test', userId: 'nobody' }, SEPTEMBER, LATER)).toEqual(
    new Map(),
  );
});

test('a product of which nothing was used all month is left out', async () => {
  await ingest(database.db, [
    at('2026-09-02T00:00:00Z', { quantity: '0' }),
    level(userId, '0', '2026-09-01T00:00:00Z'),
  ]);
  expect(await load()).toEqual(new Map());
});
