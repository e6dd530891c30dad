import { sql } from 'kysely';
import type { Mode } from '../domain/mode.ts';
import type { MeteredProduct } from '../domain/price-list.ts';
import { sameContent, type UsageEvent, type UsageEventRejection } from '../domain/usage-event.ts';
import type { Database, DatabaseTransaction } from './database.ts';
import { inTransaction } from './transaction.ts';
import { growUsageTotals } from './usage-totals.ts';

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
  return await inTransaction(db, (transaction) => ingest(transaction, mode, events));
}

async function ingest(
  transaction: DatabaseTransaction,
  mode: Mode,
  events: readonly UsageEvent[],
): Promise<IngestionResult> {
  const users = await registeredUsers(transaction, mode, events);
  const firstOfId = new Map<string, UsageEvent>();
  for (const event of events) {
    if (users.has(event.userId) && !firstOfId.has(event.id)) firstOfId.set(event.id, event);
  }

  const insertedIds = await insertNew(transaction, mode, [...firstOfId.values()]);
  const added = [...firstOfId.values()].filter((event) => insertedIds.has(event.id));
  await growUsageTotals(transaction, mode, added);

  const earlier = await storedEvents(
    transaction,
    mode,
    [...firstOfId.keys()].filter((id) => !insertedIds.has(id)),
  );
  const rejected: UsageEventRejection[] = [];
  for (const [index, event] of events.entries()) {
    const stored = insertedIds.has(event.id) ? firstOfId.get(event.id) : earlier.get(event.id);
    if (!users.has(event.userId)) rejected.push(unknownUser(index, event));
    else if (stored !== undefined && !sameContent(event, stored)) rejected.push(idReused(index, event));
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
): Promise<Set<string>> {
  const userIds = [...new Set(events.map((event) => event.userId))];
  const { rows } = await sql<{ user_id: string }>`
    SELECT user_id FROM users WHERE mode = ${mode} AND user_id = ANY(${userIds}::text[])`.execute(
    transaction,
  );
  return new Set(rows.map((row) => row.user_id));
}

/** @returns the ids that were not stored before. Waits for whoever is storing one of them right now. */
async function insertNew(
  transaction: DatabaseTransaction,
  mode: Mode,
  events: readonly UsageEvent[],
): Promise<Set<string>> {
  if (events.length === 0) return new Set();
  const sorted = events.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const { rows } = await sql<{ event_id: string }>`
    INSERT INTO usage_events (mode, event_id, user_id, product, quantity, occurred_at, resource_id)
    SELECT ${mode}, * FROM unnest(
      ${sorted.map((event) => event.id)}::text[],
      ${sorted.map((event) => event.userId)}::text[],
      ${sorted.map((event) => event.product)}::text[],
      ${sorted.map((event) => event.quantity)}::numeric[],
      ${sorted.map((event) => event.occurredAt.toISOString())}::timestamptz[],
      ${sorted.map((event) => event.resourceId)}::text[])
    ON CONFLICT (mode, event_id) DO NOTHING
    RETURNING event_id`.execute(transaction);
  return new Set(rows.map((row) => row.event_id));
}

async function storedEvents(
  transaction: DatabaseTransaction,
  mode: Mode,
  ids: readonly string[],
): Promise<Map<string, UsageEvent>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<{
    event_id: string;
    user_id: string;
    product: MeteredProduct;
    quantity: string;
    occurred_at: Date;
    resource_id: string | null;
  }>`
    SELECT event_id, user_id, product, quantity, occurred_at, resource_id
    FROM usage_events WHERE mode = ${mode} AND event_id = ANY(${ids}::text[])`.execute(transaction);
  return new Map(
    rows.map((row) => [
      row.event_id,
      {
        id: row.event_id,
        userId: row.user_id,
        product: row.product,
        quantity: row.quantity,
        occurredAt: row.occurred_at,
        resourceId: row.resource_id,
      },
    ]),
  );
}

function unknownUser(index: number, event: UsageEvent): UsageEventRejection {
  const message = `No user "${event.userId}" is registered: PUT /api/users/${event.userId} first, then send the event again`;
  return { index, id: event.id, code: 'unknown_user', message };
}

function idReused(index: number, event: UsageEvent): UsageEventRejection {
  const message = `An event with the id "${event.id}" and other content was taken already: a new event needs an id of its own`;
  return { index, id: event.id, code: 'id_reused', message };
}
