import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { BODY_LIMITS } from '../../api/body.ts';
import { MAX_FAILURES } from '../../api/rate-limit.ts';
import { MAX_URL_LENGTH } from '../../api/refuse-odd-requests.ts';
import { error, request, SECRETS, startTestApi, type TestApi, type TestApiOptions } from '../api/harness.ts';
import { accountLink } from '../support/account.ts';
import { ADMIN_AUTHORIZATION } from '../support/admin.ts';
import { signatureOf } from './stripe-signature.ts';
import { newUser, open, signInAccount, signInAdmin } from './visitors.ts';
import { answerIn, dribble, exchangeBytes, openWire } from './wire.ts';

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

describe('a client that is slow', () => {
  const limits = { headersTimeoutMs: 500, requestTimeoutMs: 1_000, keepAliveMs: 500, checkEveryMs: 100 };
  /** The machine may be busy. */
  const SOON_MS = 20_000;

  test('with its headers is cut off', async () => {
    await start({ limits });
    const wire = await openWire(api.url);
    const openMs = await dribble(
      wire,
      `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ${'x'.repeat(1_000)}`,
      50,
    );
    expect(openMs).toBeGreaterThan(limits.headersTimeoutMs - 50);
    expect(openMs).toBeLessThan(SOON_MS);
    expect(answerIn(wire.received())).toMatchObject({ status: 408, body: error('request_timeout') });
  });

  test('with its body is cut off, wherever that goes', async () => {
    await start({ limits });
    const to = (path: string) =>
      `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.apiKeys.test}\r\nContent-Type: application/json\r\nContent-Length: 10000\r\n\r\n`;
    for (const path of ['/api/usage-events', '/api/webhooks/stripe-test']) {
      const wire = await openWire(api.url);
      wire.write(to(path));
      const openMs = await dribble(wire, ' '.repeat(1_000), 50);
      expect(openMs, path).toBeLessThan(SOON_MS);
      expect(answerIn(wire.received()), path).toMatchObject({ status: 408, body: error('request_timeout') });
    }
  });

  test('to say anything at all is cut off, and so is one that has nothing more to say', async () => {
    await start({ limits });
    const silent = await openWire(api.url);
    const done = await openWire(api.url);
    done.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await silent.closed).toBeLessThan(SOON_MS);
    expect(await done.closed).toBeLessThan(SOON_MS);
    expect(answerIn(done.received())).toMatchObject({ status: 200, body: { status: 'ok' } });
  });

  test('holds up nobody else', async () => {
    await start({ limits: { headersTimeoutMs: 30_000 } });
    const wires = await Promise.all(Array.from({ length: 200 }, () => openWire(api.url)));
    for (const wire of wires) wire.write('GET /healthz HTTP/1.1\r\nX-Slow: ');
    expect((await request(api, 'GET', '/healthz')).status).toBe(200);
    for (const wire of wires) wire.destroy();
  });
});

test('more connections than there may be are closed as they open, and the others go on', async () => {
  await start({ limits: { maxConnections: 3 } });
  const wires = [];
  for (let count = 0; count < 3; count += 1) wires.push(await openWire(api.url));
  const oneTooMany = await openWire(api.url);
  await oneTooMany.closed;
  expect(oneTooMany.received()).toBe('');
  wires[0]?.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await wires[0]?.closed;
  expect(answerIn(wires[0]?.received() ?? '')).toMatchObject({ status: 200 });
  for (const wire of wires) wire.destroy();
});

describe('what is no request of HTTP, or too long for one, is answered as every error', () => {
  const get = (path: string, headers = '') =>
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`;

  test.each<[string, string | Buffer, number, string]>([
    ['an address too long', get(`/healthz?${'x'.repeat(MAX_URL_LENGTH)}`), 414, 'uri_too_long'],
    ['an address beyond all measure', get(`/healthz?${'x'.repeat(20_000)}`), 431, 'headers_too_large'],
    ['a header too long', get('/healthz', `X-Long: ${'x'.repeat(20_000)}\r\n`), 431, 'headers_too_large'],
    ['headers too many', get('/healthz', 'X-Many: x\r\n'.repeat(5_000)), 431, 'headers_too_large'],
    ['no host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'invalid_request'],
    ['garbage', 'what is this?\r\n\r\n', 400, 'invalid_request'],
    ['TLS', Buffer.from('16030100f1010000ed0303', 'hex'), 400, 'invalid_request'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'invalid_request'],
    ['bytes beyond ASCII in an address', get('/healthz?\u00ff=\u00fe'), 400, 'invalid_request'],
    ['a header without a name', get('/healthz', ': x\r\n'), 400, 'invalid_request'],
    ['a header on two lines', get('/healthz', 'X-Folded: a\r\n b: c\r\n\x00: d\r\n'), 400, 'invalid_request'],
    [
      'two lengths',
      'POST /api/usage-events HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
      400,
      'invalid_request',
    ],
    [
      'a length and chunks, with which requests are smuggled',
      'POST /api/usage-events HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'invalid_request',
    ],
    [
      'chunks that are none',
      'POST /api/webhooks/stripe-test HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      400,
      'invalid_request',
    ],
  ])('%s', async (_, bytes, status, code) => {
    await start({ limits: { keepAliveMs: 500 } });
    const answer = answerIn(await exchangeBytes(api.url, bytes));
    expect(answer).toMatchObject({ status, body: error(code) });
    expect(answer.headers.get('x-request-id')).toMatch(/./);
    expect((await request(api, 'GET', '/healthz')).status).toBe(200);
    expect(api.logged()).not.toContain('"level":50');
  });

  test('a load balancer may ask in HTTP/1.0, without a host; a page it could send nowhere', async () => {
    await start();
    const ask = async (path: string) => await exchangeBytes(api.url, `GET ${path} HTTP/1.0\r\n\r\n`);
    expect(await ask('/healthz')).toContain('200 OK');
    expect(
      answerIn(
        await exchangeBytes(
          api.url,
          `POST /api/admin/billing-test HTTP/1.0\r\nAuthorization: ${ADMIN_AUTHORIZATION}\r\nContent-Type: application/json\r\nContent-Length: 46\r\n\r\n{"userId":"ada","credits":5,"card":"success" }`,
        ),
      ),
    ).toMatchObject({
      status: 400,
      body: error('invalid_request'),
    });
  });

  test('an expectation that nobody knows is no reason to refuse', async () => {
    await start();
    expect(answerIn(await exchangeBytes(api.url, get('/healthz', 'Expect: wonders\r\n')))).toMatchObject({
      status: 200,
    });
  });

  test('garbage on a connection that was kept is answered, too', async () => {
    await start();
    const wire = await openWire(api.url);
    wire.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await vi.waitFor(() => expect(wire.received()).toContain('"ok"'), { timeout: 4_000 });
    wire.write('GARBAGE\r\n\r\n');
    await wire.closed;
    const [, second = ''] = wire.received().split(/(?=HTTP\/1\.1 \d)/);
    expect(answerIn(second)).toMatchObject({ status: 400, body: error('invalid_request') });
  });

  test('an answer to HEAD has no body, also to one that could not be read', async () => {
    await start();
    const received = await exchangeBytes(api.url, 'HEAD /healthz?\u00ff HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(received).toMatch(/^HTTP\/1\.1 400 [^]*\r\n\r\n$/);
  });

  test('garbage after a request does not get into its answer', async () => {
    await start();
    const received = await exchangeBytes(
      api.url,
      `GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\nGARBAGE\r\n\r\n`,
    );
    // Answered before the garbage was seen, or not at all; never both in one.
    const [head = ''] = received.split('\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 (200|400) /);
    expect(received.match(/^HTTP\/1\.1 /gm)?.length).toBeLessThanOrEqual(2);
  });
});
