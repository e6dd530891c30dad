import { type AddressInfo, createServer } from 'node:net';
import { Client } from '@temporalio/client';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApi } from '../../api/server.ts';
import { connectLazily } from '../../api/temporal/connection.ts';
import { openDatabase } from '../../db/database.ts';
import { error, request, SECRETS, startTestApi, type TestApi } from './harness.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

test('a healthy api lives and is ready', async () => {
  expect(await request(api, 'GET', '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
  expect(await request(api, 'GET', '/readyz')).toMatchObject({
    status: 200,
    body: { status: 'ok', missing: [] },
  });
});

test('one that is told to end says so to whatever is in front of it, and still serves', async () => {
  const ending = await startTestApi();
  try {
    ending.announceEnd();
    expect(await request(ending, 'GET', '/readyz')).toMatchObject({
      status: 503,
      body: { status: 'ending', missing: [] },
    });
    expect((await request(ending, 'GET', '/healthz')).status).toBe(200);
    expect((await request(ending, 'GET', '/api/users/nobody/billing')).status).toBe(404);
  } finally {
    await ending.close();
  }
});

test('requests are measured by the pattern of their route', async () => {
  await request(api, 'GET', '/api/users/somebody/billing');
  const { body, headers } = await request(api, 'GET', '/metrics');
  expect(headers.get('content-type')).toContain('text/plain');
  expect(body).toContain(
    'billing_http_requests_total{method="GET",route="/api/users/:userId/billing",status="404"}',
  );
  expect(body).not.toContain('somebody');
});

const idOf = async (id: string) => {
  const { headers } = await request(api, 'GET', '/healthz', { headers: { 'x-request-id': id } });
  return headers.get('x-request-id');
};

describe('every answer', () => {
  test("has a request id: the caller's if it is harmless", async () => {
    expect(await idOf('their-id-1')).toBe('their-id-1');
    expect(await idOf('<script>')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('says nosniff, and not what made it', async () => {
    const { headers } = await request(api, 'GET', '/nowhere');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-powered-by')).toBeNull();
  });
});

test('an unknown path is a 404, a known one with another method a 405 that says which it takes', async () => {
  expect(await request(api, 'GET', '/api/nowhere')).toMatchObject({ status: 404, body: error('not_found') });
  for (const [method, path, allow] of [
    ['GET', '/api/webhooks/stripe', 'POST'],
    ['DELETE', '/api/users/u1', 'PUT'],
    ['PUT', '/api/usage-events', 'POST'],
    ['POST', '/healthz', 'GET'],
  ] as const) {
    const answer = await request(api, method, path);
    expect(answer).toMatchObject({ status: 405, body: error('method_not_allowed') });
    expect(answer.headers.get('allow')).toBe(allow);
  }
});

test('no API key is logged, and health checks only at debug', async () => {
  await request(api, 'GET', '/healthz');
  await request(api, 'GET', '/api/users/u1/billing?token=secret-in-a-query');
  expect(api.logged()).not.toMatch(/key-[0-9a-f]{8}|Bearer|secret-in-a-query/);
  const health = api
    .logged()
    .split('\n')
    .filter((line) => line.includes('"path":"/healthz"'));
  expect(health.length).toBeGreaterThan(0);
  expect(health.every((line) => line.includes('"level":20'))).toBe(true);
});

describe('without the database', () => {
  test('requests that need it are a 503, readiness says so, and webhooks need it not', async () => {
    // Nobody listens on port 1.
    const db = openDatabase('postgres://nobody@127.0.0.1:1/none');
    const lonely = await startApi({
      db,
      temporal: api.temporal,
      webhookSecrets: SECRETS,
      log: pino({ level: 'silent' }),
      admin: null,
      account: null,
      metrics: new Registry(),
      port: 0,
    });
    const there = { ...api, url: `http://127.0.0.1:${lonely.port}` };
    try {
      const answer = await request(there, 'GET', '/api/users/u1/billing');
      expect(answer).toMatchObject({ status: 503, body: error('database_unavailable') });
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(await request(there, 'GET', '/readyz')).toMatchObject({
        status: 503,
        body: { missing: ['database'] },
      });
      expect(await request(there, 'GET', '/healthz')).toMatchObject({ status: 200 });
    } finally {
      await lonely.close();
      await db.destroy();
    }
  });
});

test('where database and Temporal both hang, readiness says so in the time that one of them has', async () => {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const db = openDatabase(`postgres://nobody@127.0.0.1:${port}/none`);
  const { connection, close } = connectLazily({ address: `127.0.0.1:${port}` });
  const lonely = await startApi({
    db,
    temporal: new Client({ connection }),
    webhookSecrets: SECRETS,
    log: pino({ level: 'silent' }),
    admin: null,
    account: null,
    metrics: new Registry(),
    port: 0,
  });
  try {
    const askedAtMs = performance.now();
    const there = { ...api, url: `http://127.0.0.1:${lonely.port}` };
    expect(await request(there, 'GET', '/readyz')).toMatchObject({
      status: 503,
      body: { missing: ['database', 'temporal'] },
    });
    // Each of them has 2 seconds.
    expect(performance.now() - askedAtMs).toBeLessThan(3_500);
  } finally {
    silent.close();
    await lonely.close();
    await close();
    await db.destroy();
  }
});

test('what was not foreseen is a 500 that says nothing but its request id', async () => {
  const { db } = api;
  await db.schema.alterTable('users').renameTo('users_elsewhere').execute();
  try {
    const { status, body, headers } = await request(api, 'GET', '/api/users/u1/billing');
    expect({ status, body }).toMatchObject({ status: 500, body: error('internal_error') });
    expect(JSON.stringify(body)).toContain(headers.get('x-request-id'));
    expect(JSON.stringify(body)).not.toContain('relation');
    expect(api.logged()).toContain('relation \\"users\\" does not exist');
  } finally {
    await db.schema.alterTable('users_elsewhere').renameTo('users').execute();
  }
});

test('a port that is taken is an error, not a hanging start', async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const address = holder.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { db, temporal } = api;
  const starting = startApi({
    db,
    temporal,
    webhookSecrets: SECRETS,
    log: pino({ level: 'silent' }),
    admin: null,
    account: null,
    metrics: new Registry(),
    port,
    host: '127.0.0.1',
  });
  await expect(starting).rejects.toMatchObject({ code: 'EADDRINUSE' });
  holder.close();
});
