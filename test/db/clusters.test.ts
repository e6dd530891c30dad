import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { assignCluster, releaseCluster, saveCluster } from '../../db/clusters.ts';
import { findUser, registerUser } from '../../db/users.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { newUser } from './fixtures.ts';

let database: TestDatabase | undefined;

/** A database with these clusters only: load is counted over all users. */
async function withClusters(capacities: Readonly<Record<string, number>>): Promise<TestDatabase> {
  await database?.drop();
  database = await createTestDatabase();
  for (const [clusterId, capacity] of Object.entries(capacities)) {
    await saveCluster(database.db, { mode: 'test', clusterId, capacity });
  }
  return database;
}
afterAll(() => database?.drop());

/** Gives so many new users a place, one after the other. */
async function assignTo({ db }: TestDatabase, count: number): Promise<(string | null)[]> {
  const assigned: (string | null)[] = [];
  for (let index = 0; index < count; index += 1) {
    assigned.push(await assignCluster(db, 'test', await newUser(db)));
  }
  return assigned;
}

describe('with two clusters of different sizes', () => {
  let two: TestDatabase;
  beforeEach(async () => {
    two = await withClusters({ large: 4, small: 2 });
  });

  test('the least loaded by share of its places is next, until all are taken', async () => {
    expect(await assignTo(two, 7)).toEqual(['large', 'small', 'large', 'large', 'small', 'large', null]);
  });

  test('who has a place keeps it, however often it is asked for', async () => {
    const userId = await newUser(two.db);
    const first = await assignCluster(two.db, 'test', userId);
    await assignTo(two, 5);
    expect(await assignCluster(two.db, 'test', userId)).toBe(first);
    expect((await findUser(two.db, 'test', userId))?.cluster_id).toBe(first);
  });

  test('a released place is free again', async () => {
    const userId = await newUser(two.db);
    const place = await assignCluster(two.db, 'test', userId);
    await assignTo(two, 5);
    const waiting = await newUser(two.db);
    expect(await assignCluster(two.db, 'test', waiting)).toBeNull();
    await releaseCluster(two.db, 'test', userId);
    expect(await assignCluster(two.db, 'test', waiting)).toBe(place);
    expect(await assignCluster(two.db, 'test', userId)).toBeNull();
  });

  test('a cluster that is made smaller than its load takes nobody new and loses nobody', async () => {
    const userId = await newUser(two.db);
    expect(await assignCluster(two.db, 'test', userId)).toBe('large');
    await saveCluster(two.db, { mode: 'test', clusterId: 'large', capacity: 0 });
    expect(await assignTo(two, 3)).toEqual(['small', 'small', null]);
    expect(await assignCluster(two.db, 'test', userId)).toBe('large');
  });

  test('a live user gets no place on a test cluster', async () => {
    const userId = await newUser(two.db);
    await registerUser(two.db, { mode: 'live', userId, email: 'live@example.com', name: 'Live' });
    expect(await assignCluster(two.db, 'live', userId)).toBeNull();
    await saveCluster(two.db, { mode: 'live', clusterId: 'large', capacity: 1 });
    expect(await assignCluster(two.db, 'live', userId)).toBe('large');
    expect((await findUser(two.db, 'test', userId))?.cluster_id).toBeNull();
    // Nor does it take one away.
    expect(await assignTo(two, 2)).toEqual(['large', 'small']);
  });
});

test('30 concurrent users and 10 places: exactly 10 get one, never more than a cluster holds', async () => {
  const { db } = await withClusters({ a: 3, b: 3, c: 4 });
  const users = await Promise.all(Array.from({ length: 30 }, () => newUser(db)));
  const assigned = await Promise.all(users.map((userId) => assignCluster(db, 'test', userId)));
  const taken = (clusterId: string | null) => assigned.filter((each) => each === clusterId).length;
  expect([taken('a'), taken('b'), taken('c'), taken(null)]).toEqual([3, 3, 4, 20]);
  const saved = await Promise.all(
    users.map((userId) => findUser(db, 'test', userId).then((user) => user?.cluster_id)),
  );
  expect(saved).toEqual(assigned);
});

test('concurrent requests of one user take one place', async () => {
  const { db } = await withClusters({ a: 5, b: 5 });
  const userId = await newUser(db);
  const assigned = await Promise.all(Array.from({ length: 8 }, () => assignCluster(db, 'test', userId)));
  expect(new Set(assigned).size).toBe(1);
  const { count } = await db
    .selectFrom('users')
    .select((query) => query.fn.count<number>('user_id').as('count'))
    .where('cluster_id', 'is not', null)
    .executeTakeFirstOrThrow();
  expect(count).toBe(1);
});
