import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type QueryConfig } from 'pg';
import type { Gate } from './any-history.ts';

/** First half of the gates' advisory lock keys: any number that nobody else uses in these databases. */
const GATE_LOCKS = 20_263;

/**
 * Deferred triggers run when everything of a transaction is done but its commit: there it waits for whoever has closed the
 * gate.
 */
const TRIGGERS = `
  CREATE FUNCTION pass_gate() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock_shared(${GATE_LOCKS}, TG_ARGV[0]::integer);
    RETURN NULL;
  END $$;
  CREATE CONSTRAINT TRIGGER hold_commit AFTER INSERT ON usage_event_ids
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pass_gate(1);
  CREATE CONSTRAINT TRIGGER hold_commit AFTER INSERT ON bills
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pass_gate(2)`;

/** What whoever closes the gate does in a transaction of their own, which they keep open. */
const HOLD: Readonly<Record<Gate, (userPrefix: string) => QueryConfig>> = {
  'commit of sends': () => ({ text: `SELECT pg_advisory_xact_lock(${GATE_LOCKS}, 1)` }),
  'commit of freezes': () => ({ text: `SELECT pg_advisory_xact_lock(${GATE_LOCKS}, 2)` }),
  totals: (prefix) => ({
    text: 'SELECT 1 FROM usage_totals WHERE starts_with(user_id, $1) FOR UPDATE',
    values: [prefix],
  }),
  user: (prefix) => ({
    text: 'SELECT 1 FROM users WHERE starts_with(user_id, $1) FOR NO KEY UPDATE',
    values: [prefix],
  }),
};

const POLL_MS = 8;
/** Long enough for a machine with much else to do. */
const STILL_TIMEOUT_MS = 20_000;

/** Holds the transactions of one database open on purpose. */
export class Gatekeeper {
  readonly #holder: Client;
  /** A transaction sees pg_stat_activity as it was when it first looked, so whoever holds one open can't watch. */
  readonly #watcher: Client;

  private constructor(holder: Client, watcher: Client) {
    this.#holder = holder;
    this.#watcher = watcher;
  }

  static async start(databaseUrl: string): Promise<Gatekeeper> {
    const holder = new Client({ connectionString: databaseUrl });
    const watcher = new Client({ connectionString: databaseUrl });
    await holder.connect();
    await watcher.connect();
    await holder.query(TRIGGERS);
    return new Gatekeeper(holder, watcher);
  }

  /** @param userPrefix what the ids of the users begin with that are to be held up. */
  async close(gate: Gate, userPrefix: string): Promise<void> {
    await this.#holder.query('BEGIN');
    await this.#holder.query(HOLD[gate](userPrefix));
  }

  async open(): Promise<void> {
    await this.#holder.query('COMMIT');
  }

  /**
   * Waits until nothing moves any more: all that is unfinished stands still for somebody's lock, so none of it is
   * committed.
   *
   * @param unfinished how many of our operations have not come back yet; each has one connection at a time.
   */
  async untilStill(unfinished: () => number): Promise<void> {
    const deadline = Date.now() + STILL_TIMEOUT_MS;
    for (;;) {
      const { rows } = await this.#watcher.query<{ waiting: number }>(`
        SELECT count(*)::integer AS waiting FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`);
      if (rows[0]?.waiting === unfinished()) return;
      if (Date.now() > deadline) throw new Error(`${unfinished()} operations neither end nor wait`);
      await sleep(POLL_MS);
    }
  }

  async end(): Promise<void> {
    await this.#holder.end();
    await this.#watcher.end();
  }
}
