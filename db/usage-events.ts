import { hash } from 'node:crypto';
import { sql } from 'kysely';
import type { Mode } from '../domain/mode.ts';
import { contentOf, type UsageEvent, type UsageEventRejection } from '../domain/usage-event.ts';
import type { Database, DatabaseTransaction } from './database.ts';
import { storeLevels } from './storage-levels.ts';
import { inTransaction } from './transaction.ts';
import { withUsagePartitions } from './usage-partitions.ts';
import { type SentEvent, storeIdsAndSums } from './usage-sums.ts';

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
  return await withUsagePartitions(db, events, () =>
    inTransaction(db, (transaction) => ingest(transaction, mode, events)),
  );
}

async function ingest(
  transaction: DatabaseTransaction,
  mode: Mode,
  events: readonly UsageEvent[],
): Promise<IngestionResult> {
  const users = await registeredUsers(transaction, mode, events);
  const firstOfId = new Map<string, SentEvent>();
  const sent = events.map((event): SentEvent => ({ event, contentHash: hashOf(event) }));
  for (const each of sent) {
    const { userId, id } = each.event;
    if (users.has(userId) && !firstOfId.has(id)) firstOfId.set(id, each);
  }

  const earlierIds = await storeIdsAndSums(transaction, mode, [...firstOfId.values()]);
  const added = [...firstOfId.values()].map(({ event }) => event).filter(({ id }) => !earlierIds.has(id));
  await storeLevels(transaction, mode, added);

  const earlierHashes = await hashesOf(transaction, mode, [...earlierIds]);
  const rejected: UsageEventRejection[] = [];
  for (const [index, { event, contentHash }] of sent.entries()) {
    const stored = earlierHashes.get(event.id) ?? firstOfId.get(event.id)?.contentHash;
    if (!users.has(event.userId)) rejected.push(unknownUser(index, event));
    else if (stored !== contentHash) rejected.push(idReused(index, event));
  }
  return {
    accepted: added.length,
    duplicates: events.length - added.length - rejected.length,
    rejected,
  };
}

const HASH_HEX_DIGITS = 32;

/** 128 bits, which PostgreSQL writes as a uuid. */
function hashOf(event: UsageEvent): string {
  const hex = hash('sha256', contentOf(event), 'hex').slice(0, HASH_HEX_DIGITS);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

async function registeredUsers(
  transaction: DatabaseTransaction,
  mode: Mode,
  events: readonly UsageEvent[],
): Promise<Set<string>> {
  const userIds = [...new Set(events.map((event) => event.userId))];
  const { rows } = await sql<{ user_id: string }>`
    SELECT user_id FROM users WHERE mode = ${mode} AND user_id = ANY(${userIds}::text[])`.execute(
    transaction,
  );
  return new Set(rows.map((row) => row.user_id));
}

async function hashesOf(
  transaction: DatabaseTransaction,
  mode: Mode,
  ids: readonly string[],
): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await transaction
    .selectFrom('usage_event_ids')
    .select(['event_id', 'content_hash'])
    .where('mode', '=', mode)
    .where('event_id', '=', sql<string>`ANY(${ids}::text[])`)
    .execute();
  return new Map(rows.map((row) => [row.event_id, row.content_hash]));
}

function unknownUser(index: number, event: UsageEvent): UsageEventRejection {
  const message = `No user "${event.userId}" is registered: PUT /api/users/${event.userId} first, then send the event again`;
  return { index, id: event.id, code: 'unknown_user', message };
}

function idReused(index: number, event: UsageEvent): UsageEventRejection {
  const message = `An event with the id "${event.id}" and other content was taken already: a new event needs an id of its own`;
  return { index, id: event.id, code: 'id_reused', message };
}
