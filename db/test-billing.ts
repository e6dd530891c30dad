import { remainingCents, usableAt } from '../domain/credits.ts';
import { MODES, type Mode } from '../domain/mode.ts';
import { creditLotsOf } from './credits.ts';
import type { Database } from './database.ts';
import type { User } from './users.ts';

/** A user as somebody chooses one: of any mode, and once even if both know them. */
export interface UserChoice {
  readonly userId: string;
  readonly name: string;
  readonly email: string;
  readonly modes: readonly Mode[];
}

/** Users whose id, name or e-mail contains `text`, of both modes; in order of their ids. */
export async function searchUsers(db: Database, text: string, limit: number): Promise<UserChoice[]> {
  const pattern = `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  const found = new Map<string, UserChoice>();
  for (const mode of MODES) {
    // A mode at a time: in the order of the primary key, of which it reads no more than it needs.
    const users = await db
      .selectFrom('users')
      .select(['user_id', 'name', 'email'])
      .where('mode', '=', mode)
      .where((user) =>
        user.or([
          user('user_id', 'ilike', pattern),
          user('name', 'ilike', pattern),
          user('email', 'ilike', pattern),
        ]),
      )
      .orderBy('user_id')
      .limit(limit)
      .execute();
    for (const { user_id: userId, name, email } of users) {
      const modes = [...(found.get(userId)?.modes ?? []), mode];
      found.set(userId, { userId, name, email, modes });
    }
  }
  return [...found.values()].toSorted((a, b) => (a.userId < b.userId ? -1 : 1)).slice(0, limit);
}

export interface CreditBalance {
  readonly userId: string;
  readonly cents: number;
}

/** What users of test mode can pay with at `instant`: of those whose credits changed last. */
export async function listTestCredits(db: Database, limit: number, instant: Date): Promise<CreditBalance[]> {
  const changed = await db
    .selectFrom('credit_entries')
    .select(({ fn }) => ['user_id', fn.max('entry_id').as('newest')])
    .where('mode', '=', 'test')
    .groupBy('user_id')
    .orderBy('newest', 'desc')
    .limit(limit)
    .execute();
  if (changed.length === 0) return [];
  const userIds = changed.map(({ user_id: userId }) => userId);
  const lots = await creditLotsOf(db, 'test', userIds);
  return userIds.map((userId) => ({
    userId,
    cents: remainingCents(usableAt(lots.get(userId) ?? [], instant)),
  }));
}

/** Users of test mode who have, or had, a subscription; what changed last comes first. */
export async function listTestSubscriptions(db: Database, limit: number): Promise<User[]> {
  return await db
    .selectFrom('users')
    .selectAll()
    .where('mode', '=', 'test')
    .where('stripe_subscription_id', 'is not', null)
    .orderBy('updated_at', 'desc')
    .orderBy('user_id')
    .limit(limit)
    .execute();
}

export interface AppliedEvent {
  readonly eventId: string;
  readonly type: string;
  readonly objectId: string;
  readonly stripeCustomerId: string;
  readonly appliedAt: Date;
}

/** The events that had their effect last, newest first. */
export async function listAppliedEvents(db: Database, mode: Mode, limit: number): Promise<AppliedEvent[]> {
  const rows = await db
    .selectFrom('applied_stripe_events')
    .selectAll()
    .where('mode', '=', mode)
    .orderBy('applied_at', 'desc')
    .orderBy('event_id')
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
