import { sql } from 'kysely';
import { DatabaseError } from 'pg';
import type { Mode } from '../domain/mode.ts';
import { contentOf, type UsageEvent, type UsageEventRejection } from '../domain/usage-event.ts';
import type { Database, DatabaseTransaction } from './database.ts';
import { storeLevels } from './storage-levels.ts';
import { inTransaction } from './transaction.ts';
import { withUsagePartitions } from './usage-partitions.ts';
import { repetitionsAmong, storeIdsAndSums } from './usage-sums.ts';

/** What became of a batch: each of its events is counted in one of the three. */
export interface IngestionResult {
  /** Events that are stored and counted now, and were not before. */
  readonly accepted: number;
  /** Events that were stored already, or stand twice in the batch. */
  readonly duplicates: number;
  /** `index` is the position in the `events` that were given. */
  readonly rejected: readonly UsageEventRejection[];
}

/**
 * Stores events and adds them to the totals, all in one transaction: when this returns, both are committed, and an event
 * that is stored is counted exactly once. Batches may overlap and run at the same time, from any number of processes.
 *
 * Every transaction takes its locks in the same order (event ids, then disks, then totals, each sorted), so none waits
 * for another in a circle; should PostgreSQL break one off all the same, it is tried again.
 *
 * @param events valid by themselves (domain/usage-event.ts); whether their users exist is checked here.
 */
export async function ingestUsageEvents(
  db: Database,
  mode: Mode,
  events: readonly UsageEvent[],
): Promise<IngestionResult> {
  const occurredAt = events.map((event) => event.occurredAt);
  return await withUsagePartitions(db, occurredAt, async () => {
    try {
      // Nearly always all ids are new, and to be prepared for others costs a quarter of PostgreSQL's time.
      return await inTransaction(db, (transaction) => ingest(transaction, mode, events, 'fail'));
    } catch (error) {
      if (!isKnownId(error)) throw error;
      return await inTransaction(db, (transaction) => ingest(transaction, mode, events, 'skip'));
    }
  });
}

const UNIQUE_VIOLATION = '23505';

function isKnownId(error: unknown): boolean {
  return (
    error instanceof DatabaseError && error.code === UNIQUE_VIOLATION && error.table === 'usage_event_ids'
  );
}

async function ingest(
  transaction: DatabaseTransaction,
  mode: Mode,
  events: readonly UsageEvent[],
  ofKnownIds: 'fail' | 'skip',
): Promise<IngestionResult> {
  const registered = await registeredUsers(transaction, mode, events);
  const users = { has: (userId: string) => registered.get(userId) === 'takes' };
  const firstOfId = new Map<string, UsageEvent>();
  for (const event of events) {
    if (users.has(event.userId) && !firstOfId.has(event.id)) firstOfId.set(event.id, event);
  }
  const earlierIds = await storeIdsAndSums(transaction, mode, [...firstOfId.values()], ofKnownIds);
  const added = [...firstOfId.values()].filter((event) => !earlierIds.has(event.id));
  await storeLevels(transaction, mode, added);

  const ofEarlierIds = events.filter((event) => users.has(event.userId) && earlierIds.has(event.id));
  const repetitions = await repetitionsAmong(transaction, mode, ofEarlierIds);
  const isKnown = (event: UsageEvent): boolean => {
    const first = firstOfId.get(event.id);
    if (earlierIds.has(event.id)) return repetitions.has(event);
    return first === event || (first !== undefined && contentOf(first) === contentOf(event));
  };
  const rejected: UsageEventRejection[] = [];
  for (const [index, event] of events.entries()) {
    if (registered.get(event.userId) === 'erased') rejected.push(userErased(index, event));
    else if (!users.has(event.userId)) rejected.push(unknownUser(index, event));
    else if (!isKnown(event)) rejected.push(idReused(index, event));
  }
  return {
    accepted: added.length,
    duplicates: events.length - added.length - rejected.length,
    rejected,
  };
}

async function registeredUsers(
  transaction: DatabaseTransaction,
  mode: Mode,
  events: readonly UsageEvent[],
): Promise<Map<string, 'takes' | 'erased'>> {
  const userIds = [...new Set(events.map((event) => event.userId))];
  const { rows } = await sql<{ user_id: string; is_erased: boolean }>`
    SELECT user_id, erased_at IS NOT NULL AS is_erased FROM users WHERE mode = ${mode} AND user_id = ANY(${userIds}::text[])`.execute(
    transaction,
  );
  return new Map(rows.map((row) => [row.user_id, row.is_erased ? 'erased' : 'takes']));
}

function unknownUser(index: number, event: UsageEvent): UsageEventRejection {
  const message = `No user "${event.userId}" is registered: PUT /api/users/${event.userId} first, then send the event again`;
  return { index, id: event.id, code: 'unknown_user', message };
}

function userErased(index: number, event: UsageEvent): UsageEventRejection {
  const message = `The data of the user "${event.userId}" was erased: nothing of theirs is taken any more`;
  return { index, id: event.id, code: 'user_erased', message };
}

function idReused(index: number, event: UsageEvent): UsageEventRejection {
  const message = `An event with the id "${event.id}" and other content was taken already: a new event needs an id of its own`;
  return { index, id: event.id, code: 'id_reused', message };
}
