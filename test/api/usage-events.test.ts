import { randomUUID } from 'node:crypto';
import { Big } from 'big.js';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { holdTotals, untilWaiting } from '../db/fixtures.ts';
import { error, request, startTestApi, type TestApi, textLike } from './harness.ts';

const NOW = new Date('2026-11-10T12:00:00.000Z');

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

function event(overrides: Record<string, unknown> = {}) {
  return {
    id: randomUUID(),
    userId,
    product: 'cpu_hour',
    quantity: '1.5',
    occurredAt: '2026-11-10T11:00:00Z',
    ...overrides,
  };
}

const post = (body: string, headers = {}) => request(api, 'POST', '/api/usage-events', { body, headers });
const send = (events: unknown) => request(api, 'POST', '/api/usage-events', { json: { events } });

/** The totals of the user: what is left behind. */
async function totals(): Promise<Record<string, string>> {
  const rows = await api.db
    .selectFrom('usage_totals')
    .select(['product', 'period', 'used_quantity'])
    .where('user_id', '=', userId)
    .execute();
  const plain = (numeric: string) => new Big(numeric).toFixed();
  return Object.fromEntries(rows.map((row) => [`${row.product} ${row.period}`, plain(row.used_quantity)]));
}

async function storedIds(): Promise<string[]> {
  const { rows } = await sql<{ event_id: string }>`
    SELECT event_id FROM usage_events WHERE user_id = ${userId}
    UNION ALL SELECT event_id FROM storage_levels WHERE user_id = ${userId}`.execute(api.db);
  return rows.map((row) => row.event_id);
}

test('events of all products are taken and counted', async () => {
  const answer = await send([
    event({ product: 'cpu_hour', quantity: '0.1' }),
    event({ product: 'cpu_hour', quantity: 0.2 }),
    event({ product: 'gpu_hour', quantity: 3 }),
    event({ product: 'api_calls', quantity: '1000000000' }),
    event({
      product: 'storage_gb_month',
      quantity: '10',
      resourceId: 'disk-1',
      occurredAt: '2026-11-01T00:00:00Z',
    }),
  ]);
  expect(answer).toMatchObject({ status: 200, body: { accepted: 5, duplicates: 0, rejected: [] } });
  expect(await totals()).toEqual({
    'cpu_hour 2026-11': '0.3',
    'gpu_hour 2026-11': '3',
    'api_calls 2026-11': '1000000000',
    'storage_gb_month 2026-11': String(10 * 30 * 86_400_000),
  });
});

describe('one bad event is rejected by itself, and the others of its batch are taken', () => {
  test.each<[string, string, Record<string, unknown>]>([
    ['a negative quantity', 'invalid_quantity', { quantity: '-1' }],
    ['a negative number', 'invalid_quantity', { quantity: -0.5 }],
    ['an absurd quantity', 'invalid_quantity', { quantity: '1000000000.1' }],
    ['an absurd number', 'invalid_quantity', { quantity: 1e15 }],
    ['too many decimals', 'invalid_quantity', { quantity: '0.1234567890123' }],
    ['a quantity in exponent form', 'invalid_quantity', { quantity: '1e3' }],
    ['a quantity with a sign', 'invalid_quantity', { quantity: '+1' }],
    ['a quantity in words', 'invalid_quantity', { quantity: 'many' }],
    ['an empty quantity', 'invalid_quantity', { quantity: '' }],
    ['a missing quantity', 'invalid_quantity', { quantity: undefined }],
    ['NaN', 'invalid_quantity', { quantity: Number.NaN }],
    ['an unknown product', 'unknown_product', { product: 'coffee' }],
    ['credits, which are bought and not used', 'unknown_product', { product: 'credits' }],
    ['an unknown user', 'unknown_user', { userId: 'nobody' }],
    ['a user id of other characters', 'invalid_user_id', { userId: 'no body' }],
    ['a date in the future', 'occurred_in_future', { occurredAt: '2026-11-10T12:05:00.001Z' }],
    ['a date too long ago', 'occurred_too_long_ago', { occurredAt: '2025-10-01T00:00:00Z' }],
    ['a date without a zone', 'invalid_occurred_at', { occurredAt: '2026-11-10T11:00:00' }],
    ['a day that does not exist', 'invalid_occurred_at', { occurredAt: '2026-02-30T11:00:00Z' }],
    ['a date that is a number', 'invalid_occurred_at', { occurredAt: 1_793_750_400 }],
    ['storage without a resource', 'resource_id_required', { product: 'storage_gb_month' }],
    ['a resource of something else', 'resource_id_not_allowed', { resourceId: 'disk-1' }],
    ['an empty resource', 'invalid_resource_id', { product: 'storage_gb_month', resourceId: '' }],
    ['no id', 'invalid_id', { id: undefined }],
    ['an empty id', 'invalid_id', { id: '' }],
    ['an id of 129 characters', 'invalid_id', { id: 'x'.repeat(129) }],
    ['an id that PostgreSQL can not hold', 'invalid_id', { id: 'a\u0000b' }],
    ['half a character in its id', 'invalid_id', { id: 'a\ud800b' }],
    ['a field that is not known', 'invalid_event', { price: 1 }],
  ])('%s', async (_, code, overrides) => {
    const [good, bad, alsoGood] = [event(), event(overrides), event()];
    const { status, body } = await send([good, bad, alsoGood]);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        accepted: 2,
        duplicates: 0,
        rejected: [
          {
            index: 1,
            id: typeof bad.id === 'string' ? bad.id.slice(0, 128) : null,
            code,
            message: textLike(/.{20}/),
          },
        ],
      },
    });
    expect((await storedIds()).toSorted()).toEqual([good.id, alsoGood.id].toSorted());
    expect(await totals()).toEqual({ 'cpu_hour 2026-11': '3' });
  });

  test.each([['null'], ['"text"'], ['[]'], ['7']])('%s in place of an event', async (item) => {
    const { body } = await request(api, 'POST', '/api/usage-events', {
      body: `{"events": [${JSON.stringify(event())}, ${item}]}`,
    });
    expect(body).toMatchObject({ accepted: 1, rejected: [{ index: 1, id: null, code: 'invalid_event' }] });
  });
});

/** Sends one event whose quantity is written just so. */
const sendLiteral = (literal: string) =>
  request(api, 'POST', '/api/usage-events', {
    body: JSON.stringify({ events: [event({ quantity: 'LITERAL' })] }).replace('"LITERAL"', literal),
  });

describe('a JSON number is taken as it was written, or not at all', () => {
  test.each([
    ['0.1', '0.1'],
    ['123456789.012345', '123456789.012345'],
    ['0.000000000001', '0.000000000001'],
    ['1.50', '1.5'],
    ['0', '0'],
  ])('%s', async (literal, stored) => {
    expect((await sendLiteral(literal)).body).toMatchObject({ accepted: 1 });
    const row = await api.db
      .selectFrom('usage_events')
      .select('quantity')
      .where('user_id', '=', userId)
      .executeTakeFirstOrThrow();
    expect(row.quantity).toBe(stored);
  });

  test.each([
    ['0.30000000000000004'],
    ['0.1000000000000000055511151231257827'],
    ['1e2'],
    ['1E-7'],
    ['1234567890.1234567'],
  ])('%s may have lost something and is rejected', async (literal) => {
    expect((await sendLiteral(literal)).body).toMatchObject({
      accepted: 0,
      rejected: [{ code: 'invalid_quantity', message: textLike(/as a string/) }],
    });
    expect(await storedIds()).toEqual([]);
  });

  test('text that looks like a quantity is left alone', async () => {
    const id = `"quantity": 1e5 ${randomUUID()}`;
    expect((await send([event({ id })])).body).toMatchObject({ accepted: 1 });
    expect(await storedIds()).toEqual([id]);
  });
});

describe('ids', () => {
  test('an event sent again is a duplicate, which is a success, and counts once', async () => {
    const once = event();
    await send([once]);
    expect((await send([once, event({ quantity: '1' })])).body).toEqual({
      accepted: 1,
      duplicates: 1,
      rejected: [],
    });
    expect(await totals()).toEqual({ 'cpu_hour 2026-11': '2.5' });
  });

  test('the same instant in another zone, the same decimal in other digits: still the same event', async () => {
    const once = event({ quantity: '1.5', occurredAt: '2026-11-10T11:00:00Z' });
    await send([once]);
    const again = { ...once, quantity: 1.5, occurredAt: '2026-11-10T13:00:00.000+02:00' };
    expect((await send([again])).body).toMatchObject({ accepted: 0, duplicates: 1 });
  });

  test('an id with other content is rejected and changes nothing, stored before or in the same batch', async () => {
    const first = event();
    const { body } = await send([first, { ...first, quantity: '9' }]);
    expect(body).toMatchObject({ accepted: 1, rejected: [{ index: 1, id: first.id, code: 'id_reused' }] });
    expect((await send([{ ...first, product: 'gpu_hour' }])).body).toMatchObject({
      accepted: 0,
      rejected: [{ index: 0, id: first.id, code: 'id_reused' }],
    });
    expect(await totals()).toEqual({ 'cpu_hour 2026-11': '1.5' });
  });

  test('rejections stand in the order of the request, whoever found them', async () => {
    const { body } = await send([
      event({ userId: 'nobody' }),
      event({ quantity: '-1' }),
      event(),
      event({ userId: 'nobody' }),
    ]);
    expect(body).toMatchObject({
      accepted: 1,
      rejected: [
        { index: 0, code: 'unknown_user' },
        { index: 1, code: 'invalid_quantity' },
        { index: 3, code: 'unknown_user' },
      ],
    });
  });
});

describe('a bad request stores nothing', () => {
  test('1,000 events are taken, 1,001 are not', async () => {
    const events = Array.from({ length: 1_001 }, () => event());
    expect(await send(events)).toMatchObject({ status: 400, body: error('too_many_events', 'events') });
    expect(await storedIds()).toEqual([]);
    expect(await send(events.slice(1))).toMatchObject({ status: 200, body: { accepted: 1_000 } });
  });

  test.each([
    ['no events', { events: [] }, 'events'],
    ['events that are no list', { events: 'many' }, 'events'],
    ['nothing', {}, 'events'],
    ['a list', [], 'body'],
    ['a parameter that is not known', { events: [{}], dryRun: true }, 'dryRun'],
  ])('%s', async (_, json, param) => {
    expect(await request(api, 'POST', '/api/usage-events', { json })).toMatchObject({
      status: 400,
      body: error('invalid_parameter', param),
    });
  });

  test('not JSON, another content type, more than 1 MB', async () => {
    expect(await post('{"events": [')).toMatchObject({ status: 400, body: error('invalid_json') });
    expect(await post('a=b', { 'content-type': 'application/x-www-form-urlencoded' })).toMatchObject({
      status: 415,
      body: error('unsupported_media_type'),
    });
    expect(await post(JSON.stringify({ events: ['x'.repeat(2 * 1_048_576)] }))).toMatchObject({
      status: 413,
      body: error('payload_too_large'),
    });
  });

  test('without a key, or with a wrong one', async () => {
    const good = { events: [event()] };
    const withAuthorization = (authorization: string) =>
      request(api, 'POST', '/api/usage-events', { json: good, headers: { authorization } });
    const missing = await withAuthorization('');
    expect(missing).toMatchObject({ status: 401, body: error('missing_api_key') });
    expect(missing.headers.get('www-authenticate')).toBe('Bearer');
    expect(await withAuthorization('Bearer sk_wrong')).toMatchObject({
      status: 401,
      body: error('invalid_api_key'),
    });
    expect(await storedIds()).toEqual([]);
  });
});

test("a key reaches its own mode only: live does not know test's users", async () => {
  const { body } = await request(api, 'POST', '/api/usage-events', {
    json: { events: [event()] },
    mode: 'live',
  });
  expect(body).toMatchObject({ accepted: 0, rejected: [{ code: 'unknown_user' }] });
});

test('a revoked key stops working', async () => {
  await api.db.updateTable('api_keys').set({ revoked_at: new Date() }).where('mode', '=', 'live').execute();
  await expect
    .poll(async () => (await request(api, 'GET', '/api/users/nobody/billing', { mode: 'live' })).status, {
      timeout: 30_000,
      interval: 250,
    })
    .toBe(401);
});

describe('an event is acknowledged only when it is committed', () => {
  /** Sends an event into a total that somebody holds, so that its transaction stays open until they let go. */
  async function sendAgainstHolder() {
    const sent = event();
    await send([event()]);
    const holder = await holdTotals(api.db, userId);
    let answered = false;
    const answer = send([sent]).finally(() => {
      answered = true;
    });
    await untilWaiting(api.db, 1);
    expect(answered).toBe(false);
    expect(await storedIds()).not.toContain(sent.id);
    return { sent, answer, letGo: () => holder.commit().execute() };
  }

  test('no answer before the commit, and then it is there for everybody', async () => {
    const { sent, answer, letGo } = await sendAgainstHolder();
    await letGo();
    expect((await answer).body).toMatchObject({ accepted: 1 });
    expect(await storedIds()).toContain(sent.id);
  });

  test('a connection that is lost before the commit is an error, and the event counts once when it is sent again', async () => {
    const { sent, answer, letGo } = await sendAgainstHolder();
    await sql`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(api.db);
    expect((await answer).status).toBeGreaterThanOrEqual(500);
    await letGo();
    expect(await storedIds()).not.toContain(sent.id);
    expect((await send([sent])).body).toMatchObject({ accepted: 1, duplicates: 0 });
    expect((await send([sent])).body).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(Object.values(await totals())).toEqual(['3']);
  });
});

test('events are counted by outcome', async () => {
  const once = event();
  await send([once, once, event({ quantity: '-1' })]);
  const { body } = await request(api, 'GET', '/metrics');
  for (const outcome of ['accepted', 'duplicate', 'invalid_quantity']) {
    expect(body).toMatch(
      new RegExp(`billing_usage_events_total\\{mode="test",outcome="${outcome}"\\} [1-9]`),
    );
  }
});
