import { expect, test } from 'vitest';
import { loadErasableUser, writeOffUsage } from '../../db/erasure.ts';
import { useTestDatabase } from '../support/database.ts';
import { ingest, level, newUser } from './fixtures.ts';

const database = useTestDatabase({ pricesOf: ['test'] });

test('a disk that is filled again after an erasure that was refused ends with the next one', async () => {
  const userId = await newUser(database.db);
  const key = { mode: 'test', userId } as const;
  const heldDisks = async (now: Date) => (await loadErasableUser(database.db, key, now))?.heldDisks;
  await ingest(database.db, [level(userId, '10', '2026-09-01T00:00:00Z')]);
  const refusedAt = new Date('2026-09-10T00:00:00Z');
  for (const _ of [1, 2]) await writeOffUsage(database.db, key, refusedAt);
  expect(await heldDisks(refusedAt)).toBe(0);

  await ingest(database.db, [level(userId, '20', '2026-09-11T00:00:00Z')]);
  const repeatedAt = new Date('2026-09-12T00:00:00Z');
  expect(await heldDisks(repeatedAt)).toBe(1);
  await writeOffUsage(database.db, key, repeatedAt);
  expect(await heldDisks(repeatedAt)).toBe(0);
});
