import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import express from 'express';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openAdminAccess } from '../../api/admin/access.ts';
import { authenticateAdmin } from '../../api/admin/authentication.ts';
import { healthReader } from '../../api/admin/health/health.ts';
import { hashPassword } from '../../api/admin/password.ts';
import { csrfToken } from '../../api/csrf.ts';
import type { ApiDependencies } from '../../api/dependencies.ts';
import { errorHandler } from '../../api/error-handler.ts';
import { readLastMonths } from '../../api/month-metrics.ts';
import { MAX_GUESSES } from '../../api/rate-limit.ts';
import { logRequests } from '../../api/request-log.ts';
import { type Database, openDatabase } from '../../db/database.ts';
import { addAdminPages } from '../../web/admin/pages.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { error, startTestApi } from './harness.ts';

const PASSWORD = 'correct horse battery staple';
const NEW_PASSWORD = 'paper clip under the stairs';
let database: TestDatabase;
let passwordHash: string;
let server: Server;
let url: string;

beforeAll(async () => {
  database = await createTestDatabase();
  passwordHash = await hashPassword(PASSWORD);
});
afterAll(async () => {
  server.close();
  await database.drop();
});
beforeEach(async () => {
  await serve({ passwordHashes: [passwordHash], sessionSecrets: ['x'.repeat(32)] });
});

/** One route of an admin's, and the pages, to sign in at. */
async function serve(admin: ApiDependencies['admin'], db: Database = database.db): Promise<void> {
  const log = pino({ level: 'silent' });
  const dependencies: ApiDependencies = {
    db,
    admin,
    account: null,
    log,
    metrics: new Registry(),
    webhookSecrets: { live: [], test: [] },
    // Nobody asks Temporal anything here.
    temporal: new Client({ connection: Connection.lazy({ address: '127.0.0.1:1' }) }),
  };
  const access = openAdminAccess(dependencies);
  const app = express();
  app.use(logRequests(log));
  app.all('/api/admin/thing', ...authenticateAdmin(dependencies, access), (request, response) => {
    response.json({ token: request.get('cookie') === undefined ? null : csrfToken(request) });
  });
  const readHealth = healthReader(dependencies, readLastMonths(dependencies));
  addAdminPages(app, dependencies, access, readHealth);
  app.use(errorHandler);
  server?.close();
  server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function call(headers: Record<string, string>, method = 'GET') {
  const response = await fetch(`${url}/api/admin/thing`, { method, headers });
  return { status: response.status, body: (await response.json()) as { token?: string } };
}

async function signIn(password = PASSWORD): Promise<string> {
  const answer = await fetch(`${url}/admin47392/sign-in`, {
    method: 'POST',
    body: new URLSearchParams({ password }),
    redirect: 'manual',
  });
  return answer.headers.get('set-cookie')?.split(';')[0] ?? '';
}

describe('a route of the admin', () => {
  test('takes the password as a bearer token, for reading and for writing', async () => {
    const authorization = `Bearer ${PASSWORD}`;
    expect((await call({ authorization })).status).toBe(200);
    expect((await call({ authorization }, 'POST')).status).toBe(200);
  });

  test('refuses who brings nothing, or another password', async () => {
    expect(await call({})).toMatchObject({ status: 401, body: error('missing_admin_password') });
    expect(await call({ authorization: 'Bearer guess' })).toMatchObject({
      status: 401,
      body: error('invalid_admin_password'),
    });
  });

  test('looks at so many guesses and no more', async () => {
    for (let guess = 0; guess < MAX_GUESSES; guess += 1)
      expect((await call({ authorization: `Bearer guess-${guess}` })).status).toBe(401);
    expect(await call({ authorization: 'Bearer another' })).toMatchObject({
      status: 429,
      body: error('rate_limited'),
    });
  });

  test('takes the cookie of a session; to change something, only with its token', async () => {
    const cookie = await signIn();
    const read = await call({ cookie });
    expect(read.status).toBe(200);
    expect(await call({ cookie }, 'POST')).toMatchObject({ status: 403, body: error('invalid_csrf_token') });
    expect((await call({ cookie, 'x-csrf-token': read.body.token ?? '' }, 'POST')).status).toBe(200);
  });

  test('believes cookies of an older secret while it is named beside the new one', async () => {
    const cookie = await signIn();
    const rotated = ['y'.repeat(32), 'x'.repeat(32)];
    await serve({ passwordHashes: [passwordHash], sessionSecrets: rotated });
    expect((await call({ cookie })).status).toBe(200);
    await serve({ passwordHashes: [passwordHash], sessionSecrets: rotated.slice(0, 1) });
    expect((await call({ cookie })).status).toBe(401);
  });

  test('takes either of two passwords while one replaces the other, and ends the sessions of the one that goes', async () => {
    const sessionSecrets = ['x'.repeat(32)];
    const newHash = await hashPassword(NEW_PASSWORD);
    const cookie = await signIn();
    await serve({ passwordHashes: [newHash, passwordHash], sessionSecrets });
    expect((await call({ cookie })).status).toBe(200);
    const fresh = await signIn(NEW_PASSWORD);
    for (const password of [PASSWORD, NEW_PASSWORD, NEW_PASSWORD, PASSWORD])
      expect((await call({ authorization: `Bearer ${password}` })).status).toBe(200);
    const neither = await call({ authorization: 'Bearer neither of the two' });
    expect(neither).toMatchObject({ status: 401, body: error('invalid_admin_password') });

    await serve({ passwordHashes: [newHash], sessionSecrets });
    expect((await call({ cookie: fresh })).status).toBe(200);
    expect((await call({ cookie })).status).toBe(401);
    expect((await call({ authorization: `Bearer ${PASSWORD}` })).status).toBe(401);
  });

  test('says that the database is away, to programs and on the page, and lets nobody in meanwhile', async () => {
    const cookie = await signIn();
    // Nobody listens on port 1.
    const away = openDatabase('postgres://nobody@127.0.0.1:1/none');
    await serve({ passwordHashes: [passwordHash], sessionSecrets: ['x'.repeat(32)] }, away);
    expect(await call({ cookie })).toMatchObject({ status: 503, body: error('database_unavailable') });
    expect((await call({ authorization: `Bearer ${PASSWORD}` })).status).toBe(200);
    const page = await fetch(`${url}/admin47392/test-billing`, { headers: { cookie } });
    expect(page.status).toBe(503);
    expect(await page.text()).toContain('The database does not answer just now');
    await away.destroy();
  });

  test('lets nobody in where no password is configured', async () => {
    await serve(null);
    const answer = { status: 503, body: error('admin_not_configured') };
    expect(await call({})).toMatchObject(answer);
    expect(await call({ authorization: 'Bearer ' })).toMatchObject(answer);
    const page = await fetch(`${url}/admin47392`);
    expect(page.status).toBe(503);
    expect(await page.text()).toContain('ADMIN_PASSWORD_HASH');
  });
});

test.each([
  ['a proxy that is believed has it by https', ['loopback'], true],
  ['nobody who is believed says that there is https', [], false],
])("where %s, the session's cookie goes the same way", async (_where, trustedProxies, isSecure) => {
  const admin = { passwordHashes: [passwordHash], sessionSecrets: ['x'.repeat(32)] };
  const api = await startTestApi({ admin, trustedProxies });
  try {
    const answer = await fetch(`${api.url}/admin47392/sign-in`, {
      method: 'POST',
      headers: { 'x-forwarded-proto': 'https' },
      body: new URLSearchParams({ password: PASSWORD }),
      redirect: 'manual',
    });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('set-cookie')?.includes('; Secure')).toBe(isSecure);
    expect(api.logged()).not.toContain(PASSWORD);
  } finally {
    await api.close();
  }
});
