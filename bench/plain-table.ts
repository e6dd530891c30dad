import { once } from 'node:events';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Mode } from '../domain/mode.ts';
import type { UsageBatch } from './usage-batches.ts';

/**
 * A table with the columns and the primary key of usage events, and nothing else: what PostgreSQL takes at most, without
 * users, duplicates, totals or levels to look after. Written with COPY.
 */
export class PlainTable {
  readonly #name: string;
  readonly #connections: readonly Client[];

  private constructor(name: string, connections: readonly Client[]) {
    this.#name = name;
    this.#connections = connections;
  }

  static async create(databaseUrl: string, name: string, maxWriters: number): Promise<PlainTable> {
    const connections = Array.from(
      { length: maxWriters },
      () => new Client({ connectionString: databaseUrl }),
    );
    for (const connection of connections) {
      // PostgreSQL goes when the stack does, and whoever started that says why.
      connection.on('error', () => undefined);
      await connection.connect();
    }
    const table = new PlainTable(name, connections);
    await connections[0]?.query(`
      CREATE TABLE ${name} (
        mode mode NOT NULL,
        event_id text NOT NULL,
        user_id text NOT NULL,
        product text NOT NULL,
        quantity numeric NOT NULL,
        occurred_at timestamptz NOT NULL,
        resource_id text,
        received_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (mode, event_id)
      )`);
    return table;
  }

  /** Writes rows in one transaction, and returns when it is committed. One at a time for each of the writers, from 0. */
  async copy(rows: readonly Buffer[], writer: number): Promise<void> {
    const connection = this.#connections[writer];
    if (connection === undefined) throw new RangeError(`there is no writer ${writer}`);
    const copying = connection.query(
      copyFrom(
        `COPY ${this.#name} (mode, event_id, user_id, product, quantity, occurred_at, resource_id) FROM STDIN`,
      ),
    );
    const finished = once(copying, 'finish');
    for (const part of rows) copying.write(part);
    copying.end();
    await finished;
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) await connection.end();
  }
}

/** Rows as COPY reads them. Nothing in them needs an escape. */
export function copyRows(mode: Mode, events: UsageBatch): Buffer {
  const rows = events.map((event) =>
    [mode, event.id, event.userId, event.product, event.quantity, event.occurredAt, event.resourceId ?? '\\N']
      .join('\t')
      .concat('\n'),
  );
  return Buffer.from(rows.join(''));
}
