import { setTimeout } from 'node:timers/promises';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '../../db/database.ts';
import { compareMigrations, migrateToLatest } from '../../db/migrate.ts';
import { useTestDatabase, withFreshDatabase } from '../support/database.ts';

const database = useTestDatabase();

describe('numbers arrive exact or not at all', () => {
  const selected = async (literal: string) => {
    const { rows } = await sql<{ value: unknown }>`SELECT ${sql.raw(literal)} AS value`.execute(database.db);
    return rows[0]?.value;
  };

  test('a bigint is a number as far as that is exact', async () => {
    expect(await selected('9007199254740991::bigint')).toBe(Number.MAX_SAFE_INTEGER);
    expect(await selected('-9007199254740991::bigint')).toBe(Number.MIN_SAFE_INTEGER);
  });

  test.each(['9007199254740993', '-9007199254740993', '9223372036854775807'])(
    'the bigint %s is an error, and the connection serves on',
    async (literal) => {
      await expect(selected(`(${literal})::bigint`)).rejects.toThrow(
        `${literal} from the database is too large to be exact`,
      );
      expect(await selected('1::bigint')).toBe(1);
    },
  );

  test('a numeric keeps every digit, as text', async () => {
    expect(await selected('123456789012345678.123456789012::numeric')).toBe(
      '123456789012345678.123456789012',
    );
  });
});

test('a connection that breaks between two queries fails the transaction, and not the process', async () => {
  const broken = database.db.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(transaction);
    await sql`SELECT pg_terminate_backend(${rows[0]?.pid})`.execute(database.db);
    await setTimeout(50);
    await sql`SELECT 1`.execute(transaction);
  });
  await expect(broken).rejects.toThrow(/terminat|not queryable/);
  await expect(sql`SELECT 1`.execute(database.db)).resolves.toBeDefined();
});

describe('migrations', () => {
  test('processes that start at once on a fresh database all succeed, and it is migrated once', async () => {
    await withFreshDatabase(async (url) => {
      const processes = [openDatabase(url), openDatabase(url), openDatabase(url)];
      try {
        await Promise.all(processes.map((db) => migrateToLatest(db)));
        for (const db of processes) {
          const { rows } = await sql<{ name: string }>`
            SELECT name FROM kysely_migration ORDER BY name`.execute(db);
          expect(rows.map((row) => row.name)).toEqual([
            '0001-customers',
            '0002-usage-and-bills',
            '0003-customer-life',
            '0004-api-keys',
            '0005-usage-by-month',
            '0006-credit-lots',
            '0007-bill-parts',
            '0008-monthly-close',
            '0009-test-purchases',
            '0010-admin-sessions',
            '0011-customer-list',
            '0012-webhook-receipts',
            '0013-account-sessions',
            '0014-usage-by-day',
            '0015-payment-methods',
            '0016-reconciliation',
            '0017-findings-accepted',
            '0018-restores',
            '0019-erasure',
            '0020-applied-events-by-age',
          ]);
          expect(await db.selectFrom('bills').selectAll().execute()).toEqual([]);
        }
      } finally {
        await Promise.all(processes.map((db) => db.destroy()));
      }
    });
  });

  test('a migrated database is left as it is', async () => {
    const times = () =>
      sql<{ timestamp: string }>`SELECT timestamp FROM kysely_migration ORDER BY name`.execute(database.db);
    const before = await times();
    await migrateToLatest(database.db);
    expect((await times()).rows).toEqual(before.rows);
  });

  test('a database of a newer version is left as it is by a process of the version before that starts again', async () => {
    await withFreshDatabase(async (url) => {
      const db = openDatabase(url);
      try {
        await migrateToLatest(db);
        await sql`INSERT INTO kysely_migration VALUES ('9998-of-the-next-version', now()::text)`.execute(db);
        await migrateToLatest(db);
        expect(await compareMigrations(db)).toEqual({ pending: [], unknown: ['9998-of-the-next-version'] });
        // Neither older nor newer.
        await sql`DELETE FROM kysely_migration WHERE name = '0020-applied-events-by-age'`.execute(db);
        await expect(migrateToLatest(db)).rejects.toThrow(
          /has 9998-of-the-next-version, .* lacks 0020-applied-events-by-age/,
        );
      } finally {
        await db.destroy();
      }
    });
  });
});

describe('the database itself refuses', () => {
  test.each([
    ['a mode that is neither live nor test', `INSERT INTO clusters VALUES ('prod', 'c', 1)`],
    ['a negative capacity', `INSERT INTO clusters VALUES ('test', 'c', -1)`],
    ['a price of nothing', `INSERT INTO stripe_products VALUES ('test', 'cpu_hour', 0)`],
    [
      'a bill of nobody',
      `INSERT INTO bills VALUES ('test', 'b', 'nobody', '2026-09', 'monthly', 'frozen', 1, 0)`,
    ],
    [
      'a part beyond the last',
      `INSERT INTO bills (mode, user_id, period, status, total_cents, credits_applied_cents, part, parts)
        VALUES ('test', 'nobody', '2026-09', 'frozen', 1, 0, 3, 2)`,
    ],
    ['a 13th month', `INSERT INTO usage_totals VALUES ('test', 'nobody', 'cpu_hour', '2026-13', 1)`],
  ])('%s', async (_, statement) => {
    await expect(sql.raw(statement).execute(database.db)).rejects.toThrow(/violates/);
  });
});
