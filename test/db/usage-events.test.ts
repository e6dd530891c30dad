import { randomUUID } from 'node:crypto';
import { Big } from 'big.js';
import fc from 'fast-check';
import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { ingestUsageEvents } from '../../db/usage-events.ts';
import { loadMonthlyUsage } from '../../db/usage-report.ts';
import { registerUser } from '../../db/users.ts';
import {
  type BillingPeriod,
  parseBillingPeriod,
  periodEnd,
  periodStart,
  periodsBetween,
} from '../../domain/billing-period.ts';
import type { UsageEvent } from '../../domain/usage-event.ts';
import { useTestDatabase } from '../support/database.ts';

const database = useTestDatabase();
/** A user of each test's own. */
let userId: string;
beforeEach(async () => {
  userId = await newUser();
});

async function newUser(): Promise<string> {
  const id = `user-${randomUUID()}`;
  await registerUser(database.db, { mode: 'test', userId: id, email: 'a@example.com', name: 'A' });
  return id;
}

function cpu(overrides: Partial<UsageEvent> = {}): UsageEvent {
  return {
    id: randomUUID(),
    userId,
    product: 'cpu_hour',
    quantity: '1.5',
    occurredAt: new Date('2026-10-15T12:00:00Z'),
    resourceId: null,
    ...overrides,
  };
}

function level(gb: string, occurredAt: string, overrides: Partial<UsageEvent> = {}): UsageEvent {
  return cpu({
    product: 'storage_gb_month',
    quantity: gb,
    occurredAt: new Date(occurredAt),
    resourceId: 'disk-1',
    ...overrides,
  });
}

const ingest = (events: readonly UsageEvent[]) => ingestUsageEvents(database.db, 'test', events);

async function used(period: string, product: UsageEvent['product'] = 'cpu_hour'): Promise<string> {
  const usage = await loadMonthlyUsage(database.db, 'test', userId, parseBillingPeriod(period));
  return (usage.get(product) ?? new Big(0)).toFixed();
}

async function storedCount(): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*) FROM usage_events WHERE user_id = ${userId}`.execute(database.db);
  return rows[0]?.count ?? 0;
}

describe('sums', () => {
  test('events of a month add up exactly, where floats would not', async () => {
    const result = await ingest(['0.1', '0.2', '0.000000000001'].map((quantity) => cpu({ quantity })));
    expect(result).toEqual({ accepted: 3, duplicates: 0, rejected: [] });
    expect(await used('2026-10')).toBe('0.300000000001');
  });

  test('an event at the very start of a month belongs to it, one a millisecond earlier does not', async () => {
    await ingest([
      cpu({ quantity: '1', occurredAt: new Date('2026-10-31T23:59:59.999Z') }),
      cpu({ quantity: '2', occurredAt: new Date('2026-11-01T00:00:00.000Z') }),
    ]);
    expect(await used('2026-10')).toBe('1');
    expect(await used('2026-11')).toBe('2');
  });

  test('an event sent again is a duplicate and counts once, however its decimal is written', async () => {
    const event = cpu({ quantity: '1.5' });
    await ingest([event]);
    expect(await ingest([{ ...event, quantity: '1.50' }, cpu({ quantity: '2' })])).toEqual({
      accepted: 1,
      duplicates: 1,
      rejected: [],
    });
    expect(await used('2026-10')).toBe('3.5');
  });

  test('an id used again for other content is rejected, and the first content stays', async () => {
    const event = cpu();
    await ingest([event]);
    const others: Partial<UsageEvent>[] = [
      { quantity: '9' },
      { product: 'gpu_hour' },
      { occurredAt: new Date('2026-10-15T12:00:00.001Z') },
      { userId: await newUser() },
    ];
    const result = await ingest(others.map((other) => ({ ...event, ...other })));
    expect(result.rejected.map(({ index, id, code }) => ({ index, id, code }))).toEqual(
      others.map((_, index) => ({ index, id: event.id, code: 'id_reused' })),
    );
    expect(result).toMatchObject({ accepted: 0, duplicates: 0 });
    expect(await used('2026-10')).toBe('1.5');
  });

  test('an id twice in one batch: the same content is a duplicate, other content is rejected', async () => {
    const event = cpu();
    const result = await ingest([event, { ...event }, { ...event, quantity: '2' }]);
    expect(result).toMatchObject({ accepted: 1, duplicates: 1, rejected: [{ index: 2, code: 'id_reused' }] });
    expect(await used('2026-10')).toBe('1.5');
  });

  test('an event of an unknown user is rejected and not stored; sent again once the user is registered, it is taken', async () => {
    const stranger = `user-${randomUUID()}`;
    const event = cpu({ userId: stranger });
    const result = await ingest([event, cpu()]);
    expect(result).toMatchObject({ accepted: 1, rejected: [{ index: 0, code: 'unknown_user' }] });
    await registerUser(database.db, { mode: 'test', userId: stranger, email: 'b@example.com', name: 'B' });
    expect(await ingest([event])).toMatchObject({ accepted: 1, rejected: [] });
  });

  test('the modes are worlds apart: the same id in both is two events', async () => {
    const event = cpu();
    await registerUser(database.db, { mode: 'live', userId, email: 'a@example.com', name: 'A' });
    await ingest([event]);
    expect(await ingestUsageEvents(database.db, 'live', [event])).toMatchObject({ accepted: 1 });
    expect(await used('2026-10')).toBe('1.5');
  });

  test('nothing stays of a batch that fails half-way', async () => {
    // The events can be stored, and then there is nowhere to count them.
    const { schema } = database.db;
    await schema.alterTable('usage_totals').renameTo('totals_elsewhere').execute();
    try {
      await expect(ingest([cpu(), cpu()])).rejects.toThrow('"usage_totals" does not exist');
    } finally {
      await schema.alterTable('totals_elsewhere').renameTo('usage_totals').execute();
    }
    expect(await storedCount()).toBe(0);
    expect(await used('2026-10')).toBe('0');
  });
});

describe('storage levels', () => {
  const OCTOBER_MS = 31 * 86_400_000;

  test('a level is weighted by the time it was held, and carried into later months', async () => {
    await ingest([
      level('100', '2026-10-01T00:00:00Z'),
      level('50', '2026-10-16T12:00:00Z'), // half of October
    ]);
    expect(await used('2026-10', 'storage_gb_month')).toBe(String(75 * OCTOBER_MS));
    expect(await used('2026-12', 'storage_gb_month')).toBe(String(50 * OCTOBER_MS));
  });

  test('a late level corrects what came after it', async () => {
    await ingest([level('100', '2026-10-01T00:00:00Z')]);
    await ingest([level('0', '2026-11-01T00:00:00Z')]);
    await ingest([level('50', '2026-10-16T12:00:00Z')]);
    expect(await used('2026-10', 'storage_gb_month')).toBe(String(75 * OCTOBER_MS));
    expect(await used('2026-11', 'storage_gb_month')).toBe('0');
  });

  test('of two levels at one instant the greater id holds, in whatever order they come', async () => {
    const a = level('10', '2026-10-01T00:00:00Z', { id: `B-${userId}` });
    const b = level('20', '2026-10-01T00:00:00Z', { id: `a-${userId}` }); // greater by code, smaller in most languages
    await ingest([b]);
    await ingest([a]);
    expect(await used('2026-10', 'storage_gb_month')).toBe(String(20 * OCTOBER_MS));
  });

  test('in any order, in any batches, at the same time: the totals are those of the whole', async () => {
    const instants = fc.integer({ min: 0, max: 90 * 24 }).map((hours) => hoursInto('2026-09', hours));
    const levels = fc.array(
      fc.record({
        occurredAt: instants,
        quantity: fc.integer({ min: 0, max: 5_000 }).map((n) => new Big(n).div(1_000).toFixed()),
        resourceId: fc.constantFrom('disk-1', 'disk-2'),
        batch: fc.integer({ min: 0, max: 5 }),
        again: fc.boolean(),
      }),
      { minLength: 1, maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(levels, async (drawn) => {
        userId = await newUser();
        const events = drawn.map(({ batch, again, ...fields }) => ({
          batch,
          again,
          event: level(fields.quantity, fields.occurredAt.toISOString(), fields),
        }));
        const batches = [0, 1, 2, 3, 4, 5].map((batch) =>
          // Some events come in a second batch as well.
          events.filter((each) => each.batch === batch || (each.again && each.batch === batch - 1)),
        );
        const results = await Promise.all(batches.map((batch) => ingest(batch.map(({ event }) => event))));

        expect(results.reduce((sum, result) => sum + result.accepted, 0)).toBe(events.length);
        for (const period of periodsBetween(parseBillingPeriod('2026-09'), parseBillingPeriod('2027-01'))) {
          const expected = naiveGbMs(
            events.map(({ event }) => event),
            period,
          );
          expect(await used(period, 'storage_gb_month'), period).toBe(expected.toFixed());
        }
      }),
      { numRuns: 25 },
    );
  });
});

test('overlapping batches at the same time neither deadlock nor count an event twice', async () => {
  const users = await Promise.all(Array.from({ length: 40 }, newUser));
  const events = Array.from({ length: 1_200 }, (_, n) => {
    const owner = users[n % users.length] ?? userId;
    const occurredAt = new Date(Date.UTC(2026, 9, 1 + (n % 28)));
    return n % 3 === 0
      ? level(String(n), occurredAt.toISOString(), { userId: owner, resourceId: `disk-${n % 5}` })
      : cpu({ userId: owner, quantity: '1', occurredAt });
  });
  // Each batch in an order of its own, the odd ones backwards: whoever locks as it reads meets another half-way.
  const batches = [0, 200, 400, 600, 800, 1_000].map((from, n) => {
    const batch = [...events.slice(from), ...events.slice(0, from)].slice(0, 800);
    return n % 2 === 0 ? batch : batch.toReversed();
  });
  const results = await Promise.all(batches.map((batch) => ingest(batch)));

  expect(results.reduce((sum, result) => sum + result.accepted, 0)).toBe(1_200);
  expect(results.reduce((sum, result) => sum + result.duplicates, 0)).toBe(6 * 800 - 1_200);
  const { rows } = await sql<{ total: string }>`
    SELECT sum(used_quantity) AS total FROM usage_totals
    WHERE product = 'cpu_hour' AND user_id = ANY(${users}::text[])`.execute(database.db);
  expect(rows[0]?.total).toBe('800');
  expect(await deadlocks()).toBe(0);
});

test('batches of the same users in opposite orders at the same time do not deadlock', async () => {
  const users = await Promise.all(Array.from({ length: 300 }, newUser));
  const batches = [0, 1, 2, 3, 4, 5].map((n) => {
    const batch = users.map((owner) => cpu({ userId: owner, quantity: '1' }));
    return n % 2 === 0 ? batch : batch.toReversed();
  });
  const results = await Promise.all(batches.map((batch) => ingest(batch)));
  expect(results.every((result) => result.accepted === users.length)).toBe(true);
  expect(await deadlocks()).toBe(0);
});

test('a batch of 1,000 levels of 1,000 disks fits into the lock table, many times at once', async () => {
  const batches = [1, 2, 3, 4, 5, 6, 7, 8].map((day) =>
    Array.from({ length: 1_000 }, (_, disk) =>
      level('1', `2026-10-0${day}T00:00:00Z`, { resourceId: `disk-${disk}` }),
    ),
  );
  const results = await Promise.all(batches.map(ingest));
  expect(results.every((result) => result.accepted === 1_000)).toBe(true);
  expect(await used('2026-11', 'storage_gb_month')).toBe(String(1_000 * 30 * 86_400_000));
});

/** Deadlocks that PostgreSQL has broken so far; ingestion would hide them by trying again. */
async function deadlocks(): Promise<number> {
  // A backend tells of its own when it has been idle for a while, or is asked to.
  await Promise.all(
    Array.from({ length: 10 }, () => sql`SELECT pg_stat_force_next_flush()`.execute(database.db)),
  );
  const { rows } = await sql<{ deadlocks: number }>`
    SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`.execute(database.db);
  return rows[0]?.deadlocks ?? 0;
}

function hoursInto(period: string, hours: number): Date {
  return new Date(periodStart(parseBillingPeriod(period)).getTime() + hours * 3_600_000);
}

/** Straight from the words: each level holds until the next one of its disk; add up what falls into the month. */
function naiveGbMs(events: readonly UsageEvent[], period: BillingPeriod): Big {
  let total = new Big(0);
  for (const disk of new Set(events.map((event) => event.resourceId))) {
    const levels = events
      .filter((event) => event.resourceId === disk)
      .toSorted((a, b) => +a.occurredAt - +b.occurredAt || (a.id < b.id ? -1 : 1));
    for (const [position, { occurredAt, quantity }] of levels.entries()) {
      const until = levels[position + 1]?.occurredAt ?? periodEnd(period);
      const from = Math.max(+occurredAt, +periodStart(period));
      const to = Math.min(+until, +periodEnd(period));
      if (to > from) total = total.plus(new Big(quantity).times(to - from));
    }
  }
  return total;
}
