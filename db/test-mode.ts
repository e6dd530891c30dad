/** What an admin sees of test mode. All of it is of that mode, and none of it takes another. */
import { remainingCents, usableAt } from '../domain/credits.ts';
import { creditLotsOf } from './credits.ts';
import type { Database } from './database.ts';

const mode = 'test';

/** A user's credits in test mode, in cents. */
export interface TestCredits {
  readonly userId: string;
  /** What is left of all that have not expired. */
  readonly balanceCents: number;
}

/** The credits of those who had any last. */
export async function listTestCredits(db: Database, limit: number, now: Date): Promise<TestCredits[]> {
  const users = await db
    .selectFrom('credit_entries')
    .select('user_id')
    .where('mode', '=', mode)
    .groupBy('user_id')
    .orderBy(({ fn }) => fn.max('entry_id'), 'desc')
    .limit(limit)
    .execute();
  if (users.length === 0) return [];
  const userIds = users.map((user) => user.user_id);
  const lots = await creditLotsOf(db, mode, userIds);
  return userIds.map((userId) => ({
    userId,
    balanceCents: remainingCents(usableAt(lots.get(userId) ?? [], now)),
  }));
}

/** An event of test mode that has had its effect. */
export interface AppliedTestEvent {
  /** `evt_…` */
  readonly eventId: string;
  readonly type: string;
  readonly objectId: string;
  readonly stripeCustomerId: string;
  readonly appliedAt: Date;
}

/** The webhooks that had their effect last, newest first. */
export async function listAppliedTestEvents(db: Database, limit: number): Promise<AppliedTestEvent[]> {
  const rows = await db
    .selectFrom('applied_stripe_events')
    .selectAll()
    .where('mode', '=', mode)
    .orderBy('applied_at', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    eventId: row.event_id,
    type: row.type,
    objectId: row.object_id,
    stripeCustomerId: row.stripe_customer_id,
    appliedAt: row.applied_at,
  }));
}
