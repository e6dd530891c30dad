import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import { Pool, TypeOverrides, types } from 'pg';
import { traceQuery } from './query-spans.ts';
import type { DatabaseSchema } from './schema.ts';

/** The pool of connections, with Kysely's types of our tables. */
export type Database = Kysely<DatabaseSchema>;
/**
 * A transaction on one connection of the pool; what takes it is done together with what its caller does, or not at
 * all.
 */
export type DatabaseTransaction = Transaction<DatabaseSchema>;

/** Kept small by default: api and worker scale out by processes, and each brings a pool. */
const DEFAULT_MAX_CONNECTIONS = 10;
/** A database that swallows packets must not hold a request for ever. */
const CONNECTION_TIMEOUT_MS = 5_000;

/**
 * Opens a connection pool; nothing connects before the first query. `await db.destroy()` closes it.
 *
 * @param url `postgres://user:password@host:port/database`
 */
export function openDatabase(url: string, options: { readonly maxConnections?: number } = {}): Database {
  const pool = new Pool({
    connectionString: url,
    max: options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
    types: exactTypes,
  });
  // A connection that breaks (the server restarted) is replaced on next use, and a transaction on it fails with its next query.
  // Without a listener it would end the process: the pool's hears of idle ones, a connection's own of one in use.
  pool.on('error', () => undefined);
  pool.on('connect', (connection) => connection.on('error', () => undefined));
  return new Kysely<DatabaseSchema>({ dialect: new PostgresDialect({ pool }), log: traceQuery });
}

/** `numeric` and `date` stay text; `bigint` becomes a number only where that is exact. */
const exactTypes = new TypeOverrides();
exactTypes.setTypeParser(types.builtins.INT8, exactInteger);
// A day is the same day in every time zone; a Date of it would be midnight in the machine's.
exactTypes.setTypeParser(types.builtins.DATE, (text) => text);

/**
 * A whole number from the database, such as a sum of cents.
 *
 * @throws RangeError when a `number` can't hold it exactly.
 */
export function exactInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value))
    throw new RangeError(`${text} from the database is too large to be exact`);
  return value;
}
