import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { saveOperatorDecision } from '../../db/operator-decisions.ts';
import { findUser, registerUser } from '../../db/users.ts';
import type { OperatorDecision } from '../../domain/operator-decisions.ts';
import { useTestDatabase } from '../support/database.ts';
import { newUser } from './fixtures.ts';

const database = useTestDatabase();
let userId: string;
beforeEach(async () => {
  userId = await newUser(database.db);
});

const decide = (decision: OperatorDecision, decisionId: string = randomUUID()) =>
  saveOperatorDecision(database.db, { mode: 'test', userId }, { decisionId, decision });
const user = (mode: 'live' | 'test' = 'test') => findUser(database.db, mode, userId);
const suspend = { type: 'suspend', reason: 'fraud', by: 'ops' } as const;

test('a suspension holds until it is lifted, and both stay on record', async () => {
  await decide(suspend);
  expect(await user()).toMatchObject({ suspended_by: 'ops', suspended_reason: 'fraud' });
  await decide({ type: 'reactivate', by: 'boss' });
  expect(await user()).toMatchObject({ suspended_by: null, suspended_reason: null });
  const recorded = await database.db
    .selectFrom('operator_decisions')
    .select(['type', 'decided_by', 'details'])
    .where('user_id', '=', userId)
    .orderBy('decided_at')
    .execute();
  expect(recorded).toEqual([
    { type: 'suspend', decided_by: 'ops', details: { reason: 'fraud' } },
    { type: 'reactivate', decided_by: 'boss', details: {} },
  ]);
});

test('one that is sent again counts once, also after it was lifted', async () => {
  const decisionId = randomUUID();
  await decide(suspend, decisionId);
  await decide({ type: 'reactivate', by: 'boss' });
  await decide(suspend, decisionId);
  expect(await user()).toMatchObject({ suspended_by: null });
});

test('the same user of the other mode is left alone', async () => {
  await registerUser(database.db, { mode: 'live', userId, email: 'l@example.com', name: 'L' });
  await decide(suspend);
  expect(await user('live')).toMatchObject({ suspended_by: null });
});

test('a record never changes', async () => {
  await decide(suspend);
  const records = database.db.updateTable('operator_decisions').where('user_id', '=', userId);
  await expect(records.set({ decided_by: 'somebody else' }).execute()).rejects.toThrow('never change');
});
