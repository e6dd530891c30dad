import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { holdTotals, untilWaiting } from '../db/fixtures.ts';
import { error, request } from './harness.ts';
import { useReporter } from './reporter.ts';

const reporter = useReporter();
const { event, send, totals, storedIds } = reporter;
const post = (body: string, headers = {}) =>
  request(reporter.api, 'POST', '/api/usage-events', { body, headers });

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
    expect(await request(reporter.api, 'POST', '/api/usage-events', { json })).toMatchObject({
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
      request(reporter.api, 'POST', '/api/usage-events', { json: good, headers: { authorization } });
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
  const { body } = await request(reporter.api, 'POST', '/api/usage-events', {
    json: { events: [event()] },
    mode: 'live',
  });
  expect(body).toMatchObject({ accepted: 0, rejected: [{ code: 'unknown_user' }] });
});

test('a revoked key stops working', async () => {
  await reporter.api.db
    .updateTable('api_keys')
    .set({ revoked_at: new Date() })
    .where('mode', '=', 'live')
    .execute();
  await expect
    .poll(
      async () => (await request(reporter.api, 'GET', '/api/users/nobody/billing', { mode: 'live' })).status,
      {
        timeout: 30_000,
        interval: 250,
      },
    )
    .toBe(401);
});

describe('an event is acknowledged only when it is committed', () => {
  /** Sends an event into a total that somebody holds, so that its transaction stays open until they let go. */
  async function sendAgainstHolder() {
    const sent = event();
    await send([event()]);
    const holder = await holdTotals(reporter.api.db, reporter.userId);
    let answered = false;
    const answer = send([sent]).finally(() => {
      answered = true;
    });
    await untilWaiting(reporter.api.db, 1);
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
      WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(reporter.api.db);
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
  const { body } = await request(reporter.api, 'GET', '/metrics');
  for (const outcome of ['accepted', 'duplicate', 'invalid_quantity']) {
    expect(body).toMatch(
      new RegExp(`billing_usage_events_total\\{mode="test",outcome="${outcome}"\\} [1-9]`),
    );
  }
});
