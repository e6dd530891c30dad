import { type Kysely, type Migration, type MigrationProvider, Migrator, sql } from 'kysely';
import * as customers from './migrations/0001-customers.ts';
import * as usageAndBills from './migrations/0002-usage-and-bills.ts';
import * as customerLife from './migrations/0003-customer-life.ts';
import * as apiKeys from './migrations/0004-api-keys.ts';
import * as usageByMonth from './migrations/0005-usage-by-month.ts';
import * as creditLots from './migrations/0006-credit-lots.ts';
import * as billParts from './migrations/0007-bill-parts.ts';
import * as monthlyClose from './migrations/0008-monthly-close.ts';
import * as testPurchases from './migrations/0009-test-purchases.ts';
import * as adminSessions from './migrations/0010-admin-sessions.ts';
import * as customerList from './migrations/0011-customer-list.ts';
import * as webhookReceipts from './migrations/0012-webhook-receipts.ts';
import * as accountSessions from './migrations/0013-account-sessions.ts';
import * as usageByDay from './migrations/0014-usage-by-day.ts';
import * as paymentMethods from './migrations/0015-payment-methods.ts';
import * as reconciliation from './migrations/0016-reconciliation.ts';
import * as findingsAccepted from './migrations/0017-findings-accepted.ts';
import * as restores from './migrations/0018-restores.ts';
import * as erasure from './migrations/0019-erasure.ts';
import * as appliedEventsByAge from './migrations/0020-applied-events-by-age.ts';
import type { DatabaseSchema } from './schema.ts';

/** In order; a migration that has been released is never edited, the next one mends it. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-customers': customers,
  '0002-usage-and-bills': usageAndBills,
  '0003-customer-life': customerLife,
  '0004-api-keys': apiKeys,
  '0005-usage-by-month': usageByMonth,
  '0006-credit-lots': creditLots,
  '0007-bill-parts': billParts,
  '0008-monthly-close': monthlyClose,
  '0009-test-purchases': testPurchases,
  '0010-admin-sessions': adminSessions,
  '0011-customer-list': customerList,
  '0012-webhook-receipts': webhookReceipts,
  '0013-account-sessions': accountSessions,
  '0014-usage-by-day': usageByDay,
  '0015-payment-methods': paymentMethods,
  '0016-reconciliation': reconciliation,
  '0017-findings-accepted': findingsAccepted,
  '0018-restores': restores,
  '0019-erasure': erasure,
  '0020-applied-events-by-age': appliedEventsByAge,
};

/**
 * Brings the database to the newest schema. Several processes may start at once: Kysely's migrator holds an advisory
 * lock, so one migrates and the others wait.
 *
 * A database that a newer version has migrated is left as it is: while processes are replaced one after the other, one of the version
 * before may be started again. It can work with it, for migrations expand before they contract (CONTRIBUTING.md).
 *
 * @throws Error when the database is neither of an earlier version nor of a later one; the database's error when a migration fails, which is
 *   then rolled back whole.
 */
export async function migrateToLatest(db: Kysely<DatabaseSchema>): Promise<void> {
  const { pending, unknown } = await compareMigrations(db);
  if (unknown.length > 0) {
    if (pending.length === 0) return;
    throw new Error(
      `The database has ${unknown.join(', ')}, which this version does not know, and lacks ${pending.join(', ')}: it is of another branch of this program. Run the version that migrated it.`,
    );
  }
  const { error } = await migratorOf(db).migrateToLatest();
  if (error !== undefined) throw error;
}

/** How a database differs from this code, by the names of migrations. */
interface MigrationDifference {
  readonly pending: readonly string[];
  /** Done by a newer version than this. */
  readonly unknown: readonly string[];
}

/** Compares, and changes nothing. */
export async function compareMigrations(db: Kysely<DatabaseSchema>): Promise<MigrationDifference> {
  const migrations = await migratorOf(db).getMigrations();
  const pending = migrations.filter(({ executedAt }) => executedAt === undefined).map(({ name }) => name);
  // Where nothing was ever done there is no table to ask.
  if (pending.length === migrations.length) return { pending, unknown: [] };
  const { rows } = await sql<{ name: string }>`SELECT name FROM kysely_migration ORDER BY name`.execute(db);
  const unknown = rows.map(({ name }) => name).filter((name) => MIGRATIONS[name] === undefined);
  return { pending, unknown };
}

function migratorOf(db: Kysely<DatabaseSchema>): Migrator {
  const provider: MigrationProvider = { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) };
  return new Migrator({ db, provider });
}
