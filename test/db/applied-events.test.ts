import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { appliedEventIds, forgetAppliedEvents } from '../../db/applied-events.ts';
import { useTestDatabase } from '../support/database.ts';

const database = useTestDatabase();

const NOW = new Date('2028-01-10T00:00:00Z');

test('events are known for 400 days after they had their effect, and forgotten some thousands at a time', async () => {
  const { db } = database;
  const insert = async (ids: string, daysAgo: number, count: number) =>
    await sql`
      INSERT INTO applied_stripe_events (mode, event_id, stripe_customer_id, type, object_id, applied_at)
      SELECT 'live', ${ids} || n, 'cus_1', 'invoice.paid', 'in_1', ${NOW}::timestamptz - make_interval(days => ${daysAgo})
      FROM generate_series(1, ${count}::int) AS n`.execute(db);
  await insert('old-', 401, 10_001);
  await insert('young-', 399, 1);
  expect(await forgetAppliedEvents(db, NOW)).toBe(10_000);
  expect(await forgetAppliedEvents(db, NOW)).toBe(1);
  expect(await forgetAppliedEvents(db, NOW)).toBe(0);
  expect(await appliedEventIds(db, 'live', ['young-1', 'old-1', 'old-10001'])).toEqual(new Set(['young-1']));
});
