import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../db/database.ts';
import { listSubscribers, searchUsers } from '../../db/user-lists.ts';
import { registerUser } from '../../db/users.ts';
import type { Mode } from '../../domain/mode.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  ({ db } = database);
  await register('live', 'ada', 'Ada Lovelace');
  await register('test', 'ada', 'Ada Lovelace');
  await register('test', 'grace', 'Grace 100% Hopper');
  await register('live', 'mary_j', 'Mary Jackson');
});
afterAll(async () => {
  await database.drop();
});

async function register(mode: Mode, userId: string, name: string): Promise<void> {
  await registerUser(db, { mode, userId, email: `${userId}@example.com`, name });
}

const found = async (text: string, limit = 20) =>
  (await searchUsers(db, text, limit)).map(({ userId, modes }) => `${userId} ${modes.join('+')}`);

test('users are found by a part of id, name or e-mail, in whatever case; each once, with their modes', async () => {
  expect(await found('LOVE')).toEqual(['ada live+test']);
  expect(await found('mary_j@ex')).toEqual(['mary_j live']);
  expect(await found('')).toEqual(['ada live+test', 'grace test', 'mary_j live']);
  expect(await found('', 2)).toEqual(['ada live+test', 'grace test']);
});

test('what stands for any text in SQL stands for itself', async () => {
  expect(await found('%')).toEqual(['grace test']);
  expect(await found('_')).toEqual(['mary_j live']);
  expect(await found('\\')).toEqual([]);
});

test('subscribers are those of one mode, whoever changed last first', async () => {
  const subscribe = (mode: Mode, userId: string) =>
    db
      .updateTable('users')
      .set({ stripe_subscription_id: `sub_${mode}_${userId}`, updated_at: new Date() })
      .where('mode', '=', mode)
      .where('user_id', '=', userId)
      .execute();
  await subscribe('test', 'grace');
  await subscribe('test', 'ada');
  await subscribe('live', 'mary_j');
  const subscribers = await listSubscribers(db, 'test', 20);
  expect(subscribers.map((user) => user.stripe_subscription_id)).toEqual(['sub_test_ada', 'sub_test_grace']);
});
