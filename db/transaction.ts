import { setTimeout as sleep } from 'node:timers/promises';
import type { Database, DatabaseTransaction } from './database.ts';

const MAX_ATTEMPTS = 5;
const RETRY_DELAY_MS = 50;
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';

/**
 * Runs `work` in a transaction, again if PostgreSQL broke it off for the sake of another. Read committed, whatever the
 * server's default: what waited for a lock must see what the holder committed.
 */
export async function inTransaction<Result>(
  db: Database,
  work: (transaction: DatabaseTransaction) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction().setIsolationLevel('read committed').execute(work);
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !wasBrokenOff(error)) throw error;
      await sleep(Math.random() * RETRY_DELAY_MS * attempt);
    }
  }
}

function wasBrokenOff(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === SERIALIZATION_FAILURE || code === DEADLOCK_DETECTED;
}
