import { afterEach, describe, expect, test, vi } from 'vitest';
import { MAX_URL_LENGTH } from '../../api/refuse-odd-requests.ts';
import { error, request, startTestApi, type TestApi, type TestApiOptions } from '../api/harness.ts';
import { ADMIN_AUTHORIZATION } from '../support/admin.ts';
import { answerIn, dribble, exchangeBytes, openWire } from './wire.ts';

let api: TestApi;
afterEach(() => api.close());

async function start(options: TestApiOptions = {}): Promise<TestApi> {
  api = await startTestApi(options);
  return api;
}

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
