import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeUsageHistory } from '../../bench/usage-history.ts';
import { ingestUsageEvents } from '../../db/usage-events.ts';
import type { Mode } from '../../domain/mode.ts';
import type { UsageEvent } from '../../domain/usage-event.ts';
import { AUGUST, OCTOBER, SEPTEMBER } from '../db/fixtures.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('a written history has the totals that ingestion would have made of its events', async () => {
  const { db } = database;
  const periods = [AUGUST, SEPTEMBER, OCTOBER];
  await writeUsageHistory(db, { mode: 'live', users: 3, periods, events: 700 });
  const events = await storedEvents();
  expect(events).toHaveLength(700);

  await sql`INSERT INTO users (mode, user_id, email, name) SELECT 'test', user_id, email, name FROM users`.execute(
    db,
  );
  await ingestUsageEvents(
    db,
    'test',
    events.toSorted((a, b) => a.occurredAt.getTime() - b.occurredAt.getTime()),
  );

  const totals = await totalsOf('live');
  expect(totals).toHaveLength(3 * periods.length * 4);
  expect(totals).toEqual(await totalsOf('test'));
  expect(await numbersOf('live')).toEqual(await numbersOf('test'));
  const days = await daysOf('live');
  expect(days.length).toBeGreaterThan(100);
  expect(days).toEqual(await daysOf('test'));
});

async function storedEvents(): Promise<UsageEvent[]> {
  const { rows } = await sql<UsageEvent>`
    SELECT event_id AS id, user_id AS "userId", product, quantity, occurred_at AS "occurredAt", NULL AS "resourceId"
    FROM usage_events
    UNION ALL
    SELECT event_id, user_id, 'storage_gb_month', gb, occurred_at, resource_id FROM storage_levels`.execute(
    database.db,
  );
  return rows;
}

async function totalsOf(mode: Mode): Promise<unknown[]> {
  const { rows } = await sql`
    SELECT user_id, product, period, trim_scale(used_quantity) AS used, trim_scale(level_change_gb) AS level_change, event_count,
      unbilled_first_at, unbilled_last_at
    FROM usage_totals WHERE mode = ${mode} ORDER BY user_id, product, period`.execute(database.db);
  return rows;
}

async function daysOf(mode: Mode): Promise<unknown[]> {
  const { rows } = await sql`
    SELECT user_id, product, day, trim_scale(quantity) FROM usage_by_day
    WHERE mode = ${mode} ORDER BY user_id, product, day`.execute(database.db);
  return rows;
}

async function numbersOf(mode: Mode): Promise<unknown[]> {
  const { rows } = await sql`
    SELECT user_id, product, date_trunc('month', occurred_at, 'UTC') AS month, array_agg(number ORDER BY number)
    FROM usage_events WHERE mode = ${mode} GROUP BY user_id, product, month ORDER BY user_id, product, month`.execute(
    database.db,
  );
  return rows;
}
