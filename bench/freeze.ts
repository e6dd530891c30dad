import { sql } from 'kysely';
import { Client } from 'pg';
import { note, right, table } from '../cli/console.ts';
import { type Database, openDatabase } from '../db/database.ts';
import { freezeBill, listUsersToFreeze } from '../db/freeze.ts';
import { migrateToLatest } from '../db/migrate.ts';
import { ensurePriceList } from '../db/price-list.ts';
import { type BillingPeriod, closedPeriods } from '../domain/billing-period.ts';
import { describe, type Machine, MB, thisMachine } from './machine.ts';
import { type BenchParts } from './stack.ts';
import { medianOf } from './statistics.ts';
import { tidyDatabase } from './tidy-database.ts';
import { writeUsageHistory } from './usage-history.ts';

/** How far it goes: the largest database takes the longest to fill. */
export interface FreezeOptions {
  /** The most that are stored in one of the databases. */
  readonly maxEvents: number;
  /** How often each is measured. */
  readonly runs: number;
}

/** Medians of all runs. */
export interface FreezeFigures {
  readonly machine: Machine;
  readonly options: FreezeOptions;
  readonly sizes: readonly FrozenSize[];
  /** Of the times, with the most events through with the least, within one run. */
  readonly ratio: number;
}

interface FrozenSize {
  readonly events: number;
  /** Tables and indexes. */
  readonly databaseBytes: number;
  /** For a month of {@link USERS} users, one after the other. */
  readonly ms: number;
}

const FEWEST_EVENTS = 100_000;
const SIZES = [FEWEST_EVENTS, 1_000_000, 10_000_000] as const;
const USERS = 1_000;
const MODE = 'live';
/** Of one database, before it is the next one's turn. */
const USERS_PER_PAGE = 50;

/**
 * Freezes the same months in databases that hold ever more usage, to see that it takes no longer. The first month warms up and is
 * not counted.
 *
 * @throws Error when a month comes to another number of bills than it has users.
 */
export async function measureFreeze({ stack }: BenchParts, options: FreezeOptions): Promise<FreezeFigures> {
  const machine = thisMachine();
  // One for each run, and one for the warm-up.
  const periods = closedPeriods(new Date(), options.runs + 1);
  const databases: SizedDatabase[] = [];
  try {
    for (const events of SIZES.filter((size) => size <= options.maxEvents)) {
      note(`storing ${events.toLocaleString('en-US')} events`);
      databases.push(await SizedDatabase.create(stack.databaseUrl, events, periods));
    }
    const runs: number[][] = [];
    for (const period of periods) {
      note(`freezing ${period}`);
      runs.push(await freezeMonth(databases, period));
    }
    const measured = runs.slice(1);
    const sizes = databases.map(
      ({ events, bytes }, index): FrozenSize => ({
        events,
        databaseBytes: bytes,
        ms: medianOf(measured, (msBySize) => msBySize[index] ?? Number.NaN),
      }),
    );
    const ratio = medianOf(
      measured,
      (msBySize) => (msBySize.at(-1) ?? Number.NaN) / (msBySize[0] ?? Number.NaN),
    );
    return { machine, options, sizes, ratio };
  } finally {
    for (const database of databases) await database.close();
  }
}

/**
 * A page of users here, then the same there: what else happens on the machine meets all sizes alike.
 *
 * @returns milliseconds of each.
 */
async function freezeMonth(databases: readonly SizedDatabase[], period: BillingPeriod): Promise<number[]> {
  const ms = databases.map(() => 0);
  let bills = 0;
  for (let afterUserId: string | undefined = ''; afterUserId !== undefined; ) {
    let lastUserId: string | undefined;
    for (const [index, database] of databases.entries()) {
      const page = await database.freezePage(period, afterUserId);
      ms[index] = (ms[index] ?? 0) + page.ms;
      bills += page.bills;
      lastUserId = page.lastUserId;
    }
    afterUserId = lastUserId;
  }
  if (bills !== USERS * databases.length) throw new Error(`${period} came to ${bills} bills in all`);
  return ms;
}

interface FrozenPage {
  readonly ms: number;
  readonly bills: number;
  /** Where the next page begins; `undefined` when all users have had their turn. */
  readonly lastUserId: string | undefined;
}

/** A database of its own for each size. */
class SizedDatabase {
  readonly events: number;
  readonly bytes: number;
  readonly #db: Database;

  private constructor(events: number, bytes: number, db: Database) {
    this.events = events;
    this.bytes = bytes;
    this.#db = db;
  }

  static async create(
    serverUrl: string,
    events: number,
    periods: readonly BillingPeriod[],
  ): Promise<SizedDatabase> {
    const db = openDatabase(await createDatabase(serverUrl, `freeze_${events}`), { maxConnections: 1 });
    await migrateToLatest(db);
    await ensurePriceList(db, MODE);
    await writeUsageHistory(db, { mode: MODE, users: USERS, periods, events });
    await tidyDatabase(db);
    const { rows } = await sql<{ bytes: number }>`
      SELECT pg_database_size(current_database()) AS bytes`.execute(db);
    return new SizedDatabase(events, rows[0]?.bytes ?? Number.NaN, db);
  }

  /** As a month's close does: asks for a page of users, and freezes the bill of each. */
  async freezePage(period: BillingPeriod, afterUserId: string): Promise<FrozenPage> {
    const startedAt = performance.now();
    const page = { afterUserId, limit: USERS_PER_PAGE };
    const userIds = await listUsersToFreeze(this.#db, { mode: MODE, period }, page);
    let bills = 0;
    for (const userId of userIds)
      bills += (await freezeBill(this.#db, { mode: MODE, userId, period })).length;
    return { ms: performance.now() - startedAt, bills, lastUserId: userIds.at(-1) };
  }

  async close(): Promise<void> {
    await this.#db.destroy();
  }
}

/** @returns its url. */
async function createDatabase(serverUrl: string, name: string): Promise<string> {
  const admin = new Client({ connectionString: serverUrl });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** The figures as a person reads them. */
export function reportFreeze({ machine, options, sizes, ratio }: FreezeFigures): string {
  return [
    `Medians of ${options.runs} runs. ${describe(machine)}`,
    '',
    table(
      [
        right('Events stored'),
        right('Database'),
        right(`Freezing a month of ${USERS.toLocaleString('en-US')} users`),
        right('each'),
      ],
      [
        ...sizes.map(({ events, databaseBytes, ms }) => [
          events.toLocaleString('en-US'),
          `${(databaseBytes / MB).toFixed(0)} MB`,
          `${(ms / 1_000).toFixed(2)} s`,
          `${(ms / USERS).toFixed(2)} ms`,
        ]),
        ['most / fewest', '', ratio.toFixed(2), ''],
      ],
    ),
  ].join('\n');
}
