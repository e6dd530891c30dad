import { sql } from 'kysely';
import { beforeEach, expect, test } from 'vitest';
import { ingestUsageEvents } from '../../db/usage-events.ts';
import { dropUsageEvents, listPartitions } from '../../db/usage-partitions.ts';
import { hasSummedUsageIn } from '../../db/usage-totals.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { useTestDatabase } from '../support/database.ts';
import { frozenBill, ingest, level, newUser, SEPTEMBER, usage } from './fixtures.ts';

const database = useTestDatabase({ pricesOf: ['test'] });
let userId: string;
beforeEach(async () => {
  userId = await newUser(database.db);
});

const inMonth = (period: string) => usage(userId, { occurredAt: new Date(`${period}-15T00:00:00Z`) });

test('each month has a partition of its own, made when its first event comes, also by many at once', async () => {
  const months = ['2031-01', '2031-02', '2031-12', '2032-01'];
  await Promise.all(months.flatMap((month) => [1, 2, 3].map(() => ingest(database.db, [inMonth(month)]))));
  await ingest(database.db, [
    inMonth('2032-02'),
    usage(userId, { occurredAt: new Date('2032-02-29T23:59:59.999Z') }),
    usage(userId, { occurredAt: new Date('2032-03-01T00:00:00.000Z') }),
  ]);
  expect(await listPartitions(database.db)).toEqual(
    expect.arrayContaining([...months, '2032-02', '2032-03']),
  );
  const { rows } = await sql<{ partition: string; events: number }>`
    SELECT tableoid::regclass::text AS partition, count(*) AS events FROM usage_events
    WHERE user_id = ${userId} GROUP BY 1 ORDER BY 1`.execute(database.db);
  expect(rows).toEqual([
    { partition: 'usage_events_2031_01', events: 3 },
    { partition: 'usage_events_2031_02', events: 3 },
    { partition: 'usage_events_2031_12', events: 3 },
    { partition: 'usage_events_2032_01', events: 3 },
    { partition: 'usage_events_2032_02', events: 2 },
    { partition: 'usage_events_2032_03', events: 1 },
  ]);
});

test('an id is known whatever month is named with it', async () => {
  const event = inMonth('2031-05');
  await ingest(database.db, [event]);
  const elsewhere = { ...event, occurredAt: new Date('2031-06-15T00:00:00Z') };
  expect(await ingestUsageEvents(database.db, 'test', [elsewhere, event])).toMatchObject({
    accepted: 0,
    duplicates: 1,
    rejected: [{ index: 0, code: 'id_reused' }],
  });
});

test('the events of a total are numbered from 1, each once', async () => {
  const elsewhere = { occurredAt: new Date('2026-08-01T00:00:00Z') };
  await ingest(database.db, [usage(userId), usage(userId, { product: 'gpu_hour' }), usage(userId)]);
  await ingest(database.db, [
    usage(userId, elsewhere),
    usage(userId),
    level(userId, '5', '2026-09-01T00:00:00Z'),
  ]);
  await ingest(database.db, [
    level(userId, '6', '2026-09-02T00:00:00Z'),
    level(userId, '7', '2026-09-03T00:00:00Z'),
  ]);
  const { rows } = await sql<{ total: string; numbers: string[] }>`
    SELECT product || ' ' || to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM') AS total,
      array_agg(number::text ORDER BY number) AS numbers
    FROM (SELECT user_id, product, occurred_at, number FROM usage_events
      UNION ALL SELECT user_id, 'storage_gb_month', occurred_at, number FROM storage_levels) AS event
    WHERE user_id = ${userId} GROUP BY 1 ORDER BY 1`.execute(database.db);
  expect(rows).toEqual([
    { total: 'cpu_hour 2026-08', numbers: ['1'] },
    { total: 'cpu_hour 2026-09', numbers: ['1', '2', '3'] },
    { total: 'gpu_hour 2026-09', numbers: ['1'] },
    { total: 'storage_gb_month 2026-09', numbers: ['1', '2', '3'] },
  ]);
});

test('a month in which disks were only held has totals, and no raw usage that is summed', async () => {
  await ingest(database.db, [level(userId, '10', '2033-01-10T00:00:00Z')]);
  const [january, february] = [parseBillingPeriod('2033-01'), parseBillingPeriod('2033-02')];
  await frozenBill(database.db, userId, january);
  await frozenBill(database.db, userId, february);

  const { rows } = await sql<{ period: string }>`
    SELECT period FROM usage_totals WHERE user_id = ${userId} ORDER BY period`.execute(database.db);
  expect(rows.map(({ period }) => period)).toEqual([january, february]);
  expect(await hasSummedUsageIn(database.db, january)).toBe(false);
  expect(await hasSummedUsageIn(database.db, february)).toBe(false);

  await ingest(database.db, [inMonth('2033-02')]);
  expect(await hasSummedUsageIn(database.db, february)).toBe(true);
});

test('old raw events are dropped by month; bills, totals and what is still to be billed stay', async () => {
  const now = new Date('2026-11-24T12:00:00Z');
  const old = inMonth('2025-08');
  const kept = inMonth('2025-10');
  await ingest(database.db, [
    old,
    kept,
    usage(userId, { occurredAt: new Date('2025-09-30T23:59:59.999Z') }),
    level(userId, '10', '2025-08-01T00:00:00Z'),
  ]);
  const before = await frozenBill(database.db, userId, parseBillingPeriod('2025-08'));

  expect(await dropUsageEvents(database.db, parseBillingPeriod('2025-10'), now)).toEqual([
    '2025-08',
    '2025-09',
  ]);
  expect(await dropUsageEvents(database.db, parseBillingPeriod('2025-10'), now)).toEqual([]);

  expect(await listPartitions(database.db)).toContain('2025-10');
  const { rows } = await sql<{ event_id: string }>`
    SELECT event_id FROM usage_events WHERE user_id = ${userId}`.execute(database.db);
  expect(rows).toEqual([{ event_id: kept.id }]);
  // What is unbilled is billed all the same, the disk still holds what it held, and a kept event is still known.
  await ingest(database.db, [level(userId, '4', '2026-09-16T00:00:00Z')]);
  const after = await frozenBill(database.db, userId, SEPTEMBER);
  expect(before.lines.map((line) => line.amountCents)).toEqual([10, 150]);
  expect(after.lines.find((line) => line.description === 'CPU Hour, late usage, 2025-09')).toMatchObject({
    quantity: '1',
  });
  expect(after.lines.find((line) => line.description === 'Storage GB-Month, 2026-09')).toMatchObject({
    quantity: '7',
  });
  expect(await ingestUsageEvents(database.db, 'test', [kept])).toMatchObject({ duplicates: 1 });
});

test('a month whose events are still taken is not dropped, and neither is any before it', async () => {
  const now = new Date('2026-11-24T12:00:00Z');
  await ingest(database.db, [inMonth('2024-01')]);
  await expect(dropUsageEvents(database.db, parseBillingPeriod('2025-11'), now)).rejects.toThrow(
    'only what is before 2025-10 can be dropped',
  );
  expect(await listPartitions(database.db)).toContain('2024-01');
});
