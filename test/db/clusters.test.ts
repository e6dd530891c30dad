import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { assignCluster, releaseCluster, saveCluster } from '../../db/clusters.ts';
import type { Database } from '../../db/database.ts';
import { findUser, registerUser, saveStanding, saveStripeCustomer } from '../../db/users.ts';
import type { CustomerStanding } from '../../domain/customer-standing.ts';
import type { Mode } from '../../domain/mode.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { newUser, untilWaiting } from './fixtures.ts';

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

const HAS_LEFT: CustomerStanding = {
  status: 'suspended',
  waitingFor: 'subscription',
  reason: 'The subscription has ended.',
  stripeObjectId: null,
  graceEndsAtMs: null,
  nextLookAtMs: null,
  wantsCluster: false,
  attention: [],
};
const NOON = Date.parse('2026-10-01T12:00:00Z');

/** Asks for a place, and says which one it is. */
async function ask(db: Database, userId: string, mode: Mode = 'test', atMs = NOON): Promise<string | null> {
  return (await assignCluster(db, { mode, userId }, new Date(atMs))).clusterId;
}

async function placeOf(db: Database, userId: string): Promise<string | null | undefined> {
  return (await findUser(db, 'test', userId))?.cluster_id;
}

/** Gives so many new users a place, one after the other. */
async function assignTo({ db }: TestDatabase, count: number): Promise<(string | null)[]> {
  const assigned: (string | null)[] = [];
  for (let index = 0; index < count; index += 1) {
    assigned.push(await ask(db, await newUser(db)));
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
    const first = await ask(two.db, userId);
    await assignTo(two, 5);
    expect(await ask(two.db, userId)).toBe(first);
    expect((await findUser(two.db, 'test', userId))?.cluster_id).toBe(first);
  });

  test('a released place goes to who waits longest, who is to be told', async () => {
    const [leaver, ...others] = await Promise.all(Array.from({ length: 6 }, () => newUser(two.db)));
    if (leaver === undefined) throw new Error('There are six');
    for (const userId of [leaver, ...others]) expect(await ask(two.db, userId)).not.toBeNull();
    const place = (await placeOf(two.db, leaver)) ?? '';
    const [second, first] = [await newUser(two.db), await newUser(two.db)];
    await saveStripeCustomer(two.db, 'test', first, 'cus_first');
    expect(await ask(two.db, second, 'test', NOON + 1)).toBeNull();
    expect(await ask(two.db, first, 'test', NOON)).toBeNull();
    // Asking again is no way to the front.
    expect(await ask(two.db, second, 'test', NOON - 1)).toBeNull();

    expect(await releaseCluster(two.db, { mode: 'test', userId: leaver })).toEqual(['cus_first']);
    expect(await placeOf(two.db, first)).toBe(place);
    expect(await placeOf(two.db, second)).toBeNull();
    expect(await placeOf(two.db, leaver)).toBeNull();
    // Told again until it has been seen: an answer may get lost.
    expect(await releaseCluster(two.db, { mode: 'test', userId: leaver })).toEqual(['cus_first']);
    expect(await ask(two.db, first)).toBe(place);
    expect(await releaseCluster(two.db, { mode: 'test', userId: leaver })).toEqual([]);
  });

  test('a cluster that is made larger takes those who wait, in their order', async () => {
    await assignTo(two, 6);
    const waiting = await Promise.all(Array.from({ length: 3 }, () => newUser(two.db)));
    for (const [index, userId] of waiting.entries()) {
      await saveStripeCustomer(two.db, 'test', userId, `cus_${userId}`);
      await ask(two.db, userId, 'test', NOON + index);
    }
    const told = await saveCluster(two.db, { mode: 'test', clusterId: 'small', capacity: 4 });
    expect(told).toEqual(waiting.slice(0, 2).map((userId) => `cus_${userId}`));
    expect(await Promise.all(waiting.map((userId) => placeOf(two.db, userId)))).toEqual([
      'small',
      'small',
      null,
    ]);
  });

  test('a cluster that is made smaller than its load takes nobody new and loses nobody', async () => {
    const userId = await newUser(two.db);
    expect(await ask(two.db, userId)).toBe('large');
    await saveCluster(two.db, { mode: 'test', clusterId: 'large', capacity: 0 });
    expect(await assignTo(two, 3)).toEqual(['small', 'small', null]);
    expect(await ask(two.db, userId)).toBe('large');
  });

  test('a live user gets no place on a test cluster', async () => {
    const userId = await newUser(two.db);
    await registerUser(two.db, { mode: 'live', userId, email: 'live@example.com', name: 'Live' });
    expect(await ask(two.db, userId, 'live')).toBeNull();
    await saveCluster(two.db, { mode: 'live', clusterId: 'large', capacity: 1 });
    expect(await ask(two.db, userId, 'live')).toBe('large');
    expect((await findUser(two.db, 'test', userId))?.cluster_id).toBeNull();
    // Nor does it take one away.
    expect(await assignTo(two, 2)).toEqual(['large', 'small']);
  });
});

test('30 concurrent users and 10 places: exactly 10 get one, never more than a cluster holds', async () => {
  const { db } = await withClusters({ a: 3, b: 3, c: 4 });
  const users = await Promise.all(Array.from({ length: 30 }, () => newUser(db)));
  const assigned = await Promise.all(users.map((userId) => ask(db, userId)));
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
  const assigned = await Promise.all(Array.from({ length: 8 }, () => ask(db, userId)));
  expect(new Set(assigned).size).toBe(1);
  const { count } = await db
    .selectFrom('users')
    .select((query) => query.fn.count<number>('user_id').as('count'))
    .where('cluster_id', 'is not', null)
    .executeTakeFirstOrThrow();
  expect(count).toBe(1);
});

describe('a place that frees up while the next in the queue leaves it', () => {
  /** One place, which is taken; two wait for it, and the first of them is about to leave. */
  async function aQueue() {
    const { db } = await withClusters({ only: 1 });
    const [holder, leaver, next] = [await newUser(db), await newUser(db), await newUser(db)];
    for (const [index, userId] of [holder, leaver, next].entries()) {
      await saveStripeCustomer(db, 'test', userId, `cus_${userId}`);
      await ask(db, userId, 'test', NOON + index);
    }
    return { db, holder, leaver, next };
  }

  /** As the end of a step does whose subscription has ended, and who was seen with this place when it began. */
  const leave = async (db: Database, userId: string, clusterId: string | null) =>
    await saveStanding(
      db,
      { mode: 'test', userId, stripeCustomerId: `cus_${userId}` },
      {
        standing: HAS_LEFT,
        clusterId,
        defaultPaymentMethodId: null,
        paymentMethodIds: [],
        events: [],
        nowMs: NOON,
      },
    );

  test('goes to the one behind, who is told', async () => {
    const { db, holder, leaver, next } = await aQueue();
    const leaving = await db.startTransaction().execute();
    const place = leaving.updateTable('users').where('user_id', '=', leaver);
    await place.set({ cluster_wanted_at: null }).execute();
    const released = releaseCluster(db, { mode: 'test', userId: holder });
    await untilWaiting(db, 1);
    await leaving.commit().execute();
    expect(await released).toEqual([`cus_${next}`]);
    expect(await placeOf(db, leaver)).toBeNull();
    expect(await placeOf(db, next)).toBe('only');
  });

  test('is theirs when it came first, and they are told until they have seen it', async () => {
    const { db, holder, leaver } = await aQueue();
    await releaseCluster(db, { mode: 'test', userId: holder });
    await leave(db, leaver, null);
    expect(await releaseCluster(db, { mode: 'test', userId: holder })).toEqual([`cus_${leaver}`]);
    await leave(db, leaver, 'only');
    expect(await releaseCluster(db, { mode: 'test', userId: holder })).toEqual([]);
  });
});
