import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { BODY_LIMITS } from '../../api/body.ts';
import { MAX_FAILURES } from '../../api/rate-limit.ts';
import { error, request, SECRETS, startTestApi, type TestApi, type TestApiOptions } from '../api/harness.ts';
import { accountLink } from '../support/account.ts';
import { signatureOf } from './stripe-signature.ts';
import { newUser, open, signInAccount, signInAdmin } from './visitors.ts';

let api: TestApi;
afterEach(async () => {
  vi.useRealTimers();
  await api.close();
});

async function start(options: TestApiOptions = {}): Promise<TestApi> {
  api = await startTestApi(options);
  return api;
}

/** The statuses of so many requests, one after the other. */
async function statuses(count: number, send: () => Promise<Response>): Promise<number[]> {
  const all: number[] = [];
  for (let sent = 0; sent < count; sent += 1) {
    const answer = await send();
    await answer.arrayBuffer();
    all.push(answer.status);
  }
  return all;
}

describe('of the pages, a minute has so many requests', () => {
  const options = { pageRequestsPerMinute: 3, trustedProxies: ['loopback'] };

  test('for a user, in all their browsers and from all their addresses; another user has their own', async () => {
    await start(options);
    const [ada, bob] = [await newUser(api), await newUser(api)];
    const [phone, laptop] = [
      await signInAccount(api, ada, '203.0.113.1'),
      await signInAccount(api, ada, '203.0.113.2'),
    ];
    const bobs = await signInAccount(api, bob, '203.0.113.3');
    expect(await statuses(2, () => open(api, '/account', { cookie: phone, address: '203.0.113.4' }))).toEqual(
      [200, 200],
    );
    expect(
      await statuses(2, () => open(api, '/account/standing', { cookie: laptop, address: '203.0.113.5' })),
    ).toEqual([200, 429]);
    expect(await statuses(1, () => open(api, '/account', { cookie: bobs, address: '203.0.113.5' }))).toEqual([
      200,
    ]);

    const refused = await open(api, '/account', { cookie: phone });
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await refused.text()).toContain('wait a minute');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_001 });
    expect(await statuses(1, () => open(api, '/account', { cookie: phone }))).toEqual([200]);
  });

  test.each(['/account', '/admin47392'])('for an address where nobody has signed in: %s', async (path) => {
    await start(options);
    const first = (await statuses(4, () => open(api, path))).map((status) =>
      status === 429 ? 429 : 'answered',
    );
    expect(first).toEqual(['answered', 'answered', 'answered', 429]);
    expect(await statuses(1, () => open(api, path, { address: '203.0.113.2' }))).not.toEqual([429]);
  });

  test("for an admin's session; at the same address another one has its own", async () => {
    await start(options);
    const [one, other] = [await signInAdmin(api), await signInAdmin(api)];
    expect(await statuses(4, () => open(api, '/admin47392/months', { cookie: one }))).toEqual([
      200, 200, 200, 429,
    ]);
    expect(await statuses(1, () => open(api, '/admin47392/months', { cookie: other }))).toEqual([200]);
  });

  test('without end where the limit is 0', async () => {
    await start({ ...options, pageRequestsPerMinute: 0 });
    expect(new Set(await statuses(50, () => open(api, '/admin47392')))).toEqual(new Set([200]));
  });
});

test('links that open nothing are looked at so often and no more, from one address; who is in stays in', async () => {
  await start({ trustedProxies: ['loopback'] });
  const user = await newUser(api);
  const inside = await signInAccount(api, user);
  const guesses = await statuses(MAX_FAILURES + 1, () => open(api, '/account?token=guessed'));
  expect(guesses).toEqual([...Array.from({ length: MAX_FAILURES }, () => 401), 429]);

  const good = await accountLink(api.url, user);
  const refused = await open(api, good);
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await open(api, '/account', { cookie: inside })).status).toBe(200);
  // It was not looked at, so it is not used up either.
  expect((await open(api, good, { address: '203.0.113.2' })).status).toBe(303);
});

describe('a body', () => {
  /** What each route takes, in bytes; what is one byte longer it does not. */
  const LIMITS = [
    ['PUT', '/api/users/ada', BODY_LIMITS.json],
    ['POST', '/api/users/ada/checkout-sessions', BODY_LIMITS.json],
    ['POST', '/api/users/ada/billing-portal-sessions', BODY_LIMITS.json],
    ['POST', '/api/usage-events', BODY_LIMITS.usage],
    ['POST', '/api/webhooks/stripe', BODY_LIMITS.webhook],
    ['POST', '/api/webhooks/stripe-test', BODY_LIMITS.webhook],
    ['POST', '/api/admin/test/customers/ada/suspend', BODY_LIMITS.json],
    ['POST', '/api/admin/test/months/2026-01/hold', BODY_LIMITS.json],
    ['POST', '/api/admin/test/webhook-tests', BODY_LIMITS.json],
    ['POST', '/api/admin/billing-test', BODY_LIMITS.json],
  ] as const;

  test('is read as far as its route takes it', async () => {
    await start();
    const jsonOf = (bytes: number) => `{"x":"${'x'.repeat(bytes - 8)}"}`;
    for (const [method, path, limit] of LIMITS) {
      const send = (body: string) => request(api, method, path, { body });
      expect((await send(jsonOf(limit))).status, path).not.toBe(413);
      expect(await send(jsonOf(limit + 1)), path).toMatchObject({
        status: 413,
        body: error('payload_too_large'),
      });
    }
  });

  test('that is small only as long as it is packed is too large', async () => {
    await start();
    const bomb = gzipSync(Buffer.alloc(64 * 1_048_576, ' '));
    expect(bomb.length).toBeLessThan(100_000);
    const answer = await fetch(`${api.url}/api/usage-events`, {
      method: 'POST',
      body: bomb,
      headers: {
        authorization: `Bearer ${api.apiKeys.test}`,
        'content-type': 'application/json',
        'content-encoding': 'gzip',
      },
    });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toEqual(error('payload_too_large'));
  });

  test('of a form has a few fields, on few kilobytes', async () => {
    await start();
    const cookie = await signInAdmin(api);
    const account = await signInAccount(api, await newUser(api));
    const send = (path: string, cookie: string, body: string) =>
      open(api, path, { cookie, method: 'POST', body: new URLSearchParams(body) });
    expect((await send('/account/credits', account, `credits=${'1'.repeat(5_000)}`)).status).toBe(413);
    expect((await send('/admin47392/test-billing/purchases', cookie, `x=${'1'.repeat(20_000)}`)).status).toBe(
      413,
    );
    expect((await send('/admin47392/sign-in', '', 'a&'.repeat(1_001))).status).toBe(413);
  });

  test('nested 100,000 deep costs nothing, and is told what is wrong with it', async () => {
    await start();
    const deep = `{"events":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const signed = { 'stripe-signature': signatureOf(deep, { secret: SECRETS.test[0] }) };
    const send = (method: string, path: string, headers = {}) =>
      request(api, method, path, { body: deep, headers });
    expect(await send('POST', '/api/usage-events')).toMatchObject({
      status: 200,
      body: { rejected: [{ code: 'invalid_event' }] },
    });
    expect(await send('PUT', '/api/users/ada')).toMatchObject({
      status: 400,
      body: error('invalid_parameter'),
    });
    expect(await send('POST', '/api/webhooks/stripe-test', signed)).toMatchObject({
      status: 400,
      body: error('not_an_event'),
    });
  });

  test("nested deep in a customer's place takes no effect", async () => {
    await start();
    const customer = `${'{"id":'.repeat(50_000)}"cus_1"${'}'.repeat(50_000)}`;
    const event = `{"id":"evt_1","object":"event","type":"invoice.paid","created":1,"livemode":false,"data":{"object":{"id":"in_1","customer":${customer}}}}`;
    const headers = { 'stripe-signature': signatureOf(event, { secret: SECRETS.test[0] }) };
    const answer = await request(api, 'POST', '/api/webhooks/stripe-test', { body: event, headers });
    expect(answer).toMatchObject({ status: 200, body: { ignored: 'no_customer' } });
  });
});
