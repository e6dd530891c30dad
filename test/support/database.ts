import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, inject } from 'vitest';
import { type Database, openDatabase } from '../../db/database.ts';
import { migrateToLatest } from '../../db/migrate.ts';
import { ensurePriceList } from '../../db/price-list.ts';
import type { Mode } from '../../domain/mode.ts';

/** A database of a test file's own, with the newest schema and nothing in it. */
export interface TestDatabase {
  readonly db: Database;
  readonly url: string;
  /** Closes `db` and deletes the database, whoever is still connected to it. */
  drop(): Promise<void>;
}

/** Makes a database as a copy of one that is migrated once per run: some hundredths of a second each. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await withTemplate((admin, template) => admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`));
  const url = urlOf(name);
  const db = openDatabase(url);
  const drop = async (): Promise<void> => {
    await db.destroy();
    await withAdmin((admin) => admin.query(`DROP DATABASE ${name} WITH (FORCE)`));
  };
  return { db, url, drop };
}

/**
 * Makes a database before the first test of the file (or of the `describe` it is called in), and drops it after the last.
 * What is returned is to be looked into in tests and hooks only: there is no database before.
 *
 * @param options.pricesOf the modes that have the price list in it; none, unless given.
 */
export function useTestDatabase(
  options: { readonly pricesOf?: readonly Mode[] } = {},
): Pick<TestDatabase, 'db' | 'url'> {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    for (const mode of options.pricesOf ?? []) await ensurePriceList(database.db, mode);
  });
  afterAll(() => database.drop());
  return {
    get db() {
      return database.db;
    },
    get url() {
      return database.url;
    },
  };
}

/** A database with nothing in it, for as long as `use` takes. */
export async function withFreshDatabase(use: (url: string) => Promise<void>): Promise<void> {
  const name = `fresh_${randomBytes(8).toString('hex')}`;
  await withAdmin((admin) => admin.query(`CREATE DATABASE ${name}`));
  try {
    await use(urlOf(name));
  } finally {
    await withAdmin((admin) => admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  }
}

/** Any number: whoever holds this lock makes or copies the template, which nobody may be connected to meanwhile. */
const TEMPLATE_LOCK = 20_262;

async function withTemplate(use: (admin: Client, template: string) => Promise<unknown>): Promise<void> {
  const template = `template_${await fingerprintOfMigrations()}`;
  await withAdmin(async (admin) => {
    await admin.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const { rowCount } = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [template]);
    if (rowCount === 0) await makeTemplate(admin, template);
    await use(admin, template);
  });
}

async function makeTemplate(admin: Client, template: string): Promise<void> {
  const unfinished = `${template}_unfinished`;
  await admin.query(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
  await admin.query(`CREATE DATABASE ${unfinished}`);
  const db = openDatabase(urlOf(unfinished));
  try {
    await migrateToLatest(db);
  } finally {
    await db.destroy();
  }
  await admin.query(`ALTER DATABASE ${unfinished} RENAME TO ${template}`);
}

/** The lock ends with the connection. */
async function withAdmin(use: (admin: Client) => Promise<unknown>): Promise<void> {
  const admin = new Client({ connectionString: inject('postgresUrl') });
  await admin.connect();
  try {
    await use(admin);
  } finally {
    await admin.end();
  }
}

function urlOf(database: string): string {
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${database}`;
  return url.href;
}

async function fingerprintOfMigrations(): Promise<string> {
  const folder = new URL('../../db/migrations/', import.meta.url);
  const hash = createHash('sha256');
  for (const file of (await readdir(folder)).toSorted()) hash.update(await readFile(new URL(file, folder)));
  return hash.digest('hex').slice(0, 16);
}
