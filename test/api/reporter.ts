import { randomUUID } from 'node:crypto';
import { Big } from 'big.js';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { request, startTestApi, type TestApi } from './harness.ts';

const NOW = new Date('2026-11-10T12:00:00.000Z');

/** A host product that reports usage on {@link NOW}'s day: an api for the file, and a user of its own for each test. */
export function useReporter() {
  let api: TestApi;
  let userId: string;
  beforeAll(async () => {
    api = await startTestApi({ now: () => NOW });
  });
  afterAll(() => api.close());
  beforeEach(async () => {
    userId = `user-${randomUUID()}`;
    await request(api, 'PUT', `/api/users/${userId}`, { json: { email: 'eve@example.com', name: 'Eve' } });
  });

  return {
    get api() {
      return api;
    },
    get userId() {
      return userId;
    },

    /** An hour and a half of CPU, an hour ago, unless told otherwise. */
    event: (overrides: Record<string, unknown> = {}) => ({
      id: randomUUID(),
      userId,
      product: 'cpu_hour',
      quantity: '1.5',
      occurredAt: '2026-11-10T11:00:00Z',
      ...overrides,
    }),

    send: (events: unknown) => request(api, 'POST', '/api/usage-events', { json: { events } }),

    /** The totals of the user: what is left behind. */
    totals: async (): Promise<Record<string, string>> => {
      const rows = await api.db
        .selectFrom('usage_totals')
        .select(['product', 'period', 'used_quantity'])
        .where('user_id', '=', userId)
        .execute();
      const plain = (numeric: string) => new Big(numeric).toFixed();
      return Object.fromEntries(
        rows.map((row) => [`${row.product} ${row.period}`, plain(row.used_quantity)]),
      );
    },

    /** Ids of the user's events that are stored. */
    storedIds: async (): Promise<string[]> => {
      const { rows } = await sql<{ event_id: string }>`
        SELECT event_id FROM usage_events WHERE user_id = ${userId}
        UNION ALL SELECT event_id FROM storage_levels WHERE user_id = ${userId}`.execute(api.db);
      return rows.map((row) => row.event_id);
    },
  };
}
