import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { usageTotalsOf } from '../../db/usage-totals.ts';
import { useTestDatabase } from '../support/database.ts';
import { ingest, level, newUser, SEPTEMBER, usage } from './fixtures.ts';

const database = useTestDatabase();

test('totals come in the order in which ingestion locks them, sums before levels, whatever a product is called', async () => {
  const { db } = database;
  const userId = await newUser(db);
  await ingest(db, [level(userId, '1', '2026-09-01T00:00:00Z'), usage(userId, { quantity: '1' })]);
  await sql`
    INSERT INTO usage_totals (mode, user_id, product, period, used_quantity, event_count)
    VALUES ('test', ${userId}, 'tpu_hour', ${SEPTEMBER}, 1, 1)`.execute(db);
  const totals = await usageTotalsOf(db, { mode: 'test', userIds: [userId], through: SEPTEMBER })
    .select('product')
    .execute();
  expect(totals.map(({ product }) => product as string)).toEqual([
    'cpu_hour',
    'tpu_hour',
    'storage_gb_month',
  ]);
});
