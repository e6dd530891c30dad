import { MODES, type Mode } from '../domain/mode.ts';
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

/** Users who have, or had, a subscription; who changed last comes first. */
export async function listSubscribers(db: Database, mode: Mode, limit: number): Promise<User[]> {
  return await db
    .selectFrom('users')
    .selectAll()
    .where('mode', '=', mode)
    .where('stripe_subscription_id', 'is not', null)
    .orderBy('updated_at', 'desc')
    .orderBy('user_id')
    .limit(limit)
    .execute();
}
