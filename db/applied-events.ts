import { sql } from 'kysely';
import type { CustomerKey } from '../domain/customer-key.ts';
import type { Mode } from '../domain/mode.ts';
import type { StripeEventEnvelope } from '../domain/stripe-event.ts';
import type { Database, DatabaseTransaction } from './database.ts';

/** Which of these events have had their effect already; they are written by {@link recordAppliedEvents}. */
export async function appliedEventIds(
  db: Database,
  mode: Mode,
  eventIds: readonly string[],
): Promise<Set<string>> {
  if (eventIds.length === 0) return new Set();
  const rows = await db
    .selectFrom('applied_stripe_events')
    .select('event_id')
    .where('mode', '=', mode)
    .where('event_id', 'in', eventIds)
    .execute();
  return new Set(rows.map((row) => row.event_id));
}

/** Notes that these events have had their effect, in the transaction that has it. Safe to repeat. */
export async function recordAppliedEvents(
  transaction: DatabaseTransaction,
  { mode, stripeCustomerId }: CustomerKey,
  events: readonly Pick<StripeEventEnvelope, 'eventId' | 'type' | 'objectId'>[],
): Promise<void> {
  if (events.length === 0) return;
  await transaction
    .insertInto('applied_stripe_events')
    .values(
      events.map(({ eventId, type, objectId }) => ({
        mode,
        event_id: eventId,
        stripe_customer_id: stripeCustomerId,
        type,
        object_id: objectId,
      })),
    )
    .onConflict((conflict) => conflict.columns(['mode', 'event_id']).doNothing())
    .execute();
}

/** Stripe sends an event again for three days, and lists it for thirty; whoever looks into the past wants a year. */
const KEPT_DAYS = 400;
/** A run of the reconciliation, each hour, forgets no more than these: the first on an old database takes its time. */
const FORGOTTEN_AT_A_TIME = 10_000;

/** Forgets events that had their effect so long ago that nobody tells of them any more, of both modes. @returns how many. */
export async function forgetAppliedEvents(db: Database, now: Date): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    DELETE FROM applied_stripe_events WHERE ctid IN (
      SELECT ctid FROM applied_stripe_events
      WHERE applied_at < ${now}::timestamptz - make_interval(days => ${KEPT_DAYS}) LIMIT ${FORGOTTEN_AT_A_TIME}
    )`.execute(db);
  return Number(numAffectedRows);
}

/** An event of Stripe's that has had its effect on a customer. */
export interface AppliedEvent {
  readonly eventId: string;
  readonly type: string;
  /** What it was about, such as `in_…`. */
  readonly objectId: string;
  readonly appliedAt: Date;
}

/** The events of a customer that have had their effect, newest first. */
export async function listAppliedEvents(
  db: Database,
  { mode, stripeCustomerId }: CustomerKey,
  limit: number,
): Promise<AppliedEvent[]> {
  const rows = await db
    .selectFrom('applied_stripe_events')
    .selectAll()
    .where('mode', '=', mode)
    .where('stripe_customer_id', '=', stripeCustomerId)
    .orderBy('applied_at', 'desc')
    .orderBy('event_id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    eventId: row.event_id,
    type: row.type,
    objectId: row.object_id,
    appliedAt: row.applied_at,
  }));
}
