import { randomUUID } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { MAX_FAILURES } from '../../api/rate-limit.ts';
import { apiKeyId, revokeApiKey, saveApiKey } from '../../db/api-keys.ts';
import {
  deliver,
  error,
  request,
  startTestApi,
  stripeEvent,
  type TestApi,
  type TestApiOptions,
} from './harness.ts';

let api: TestApi | undefined;
afterEach(async () => {
  vi.useRealTimers();
  await api?.close();
  api = undefined;
});

async function start(options: TestApiOptions): Promise<TestApi> {
  api = await startTestApi(options);
  return api;
}

const PATH = '/api/users/nobody/billing';
const times = <T>(count: number, send: () => Promise<T>) => Promise.all(Array.from({ length: count }, send));
const statusesOf = (answers: readonly { readonly status: number }[]) =>
  answers.map(({ status }) => status).toSorted((a, b) => a - b);
/** A request with a key, from an address as a proxy tells it. */
const send = (api: TestApi, apiKey: string, address = '203.0.113.1') =>
  request(api, 'GET', PATH, { headers: { authorization: `Bearer ${apiKey}`, 'x-forwarded-for': address } });

test('a revoked key is refused within 5 seconds', async () => {
  const api = await start({});
  vi.useFakeTimers({ toFake: ['Date'] });
  expect((await request(api, 'GET', PATH)).status).toBe(404);
  await revokeApiKey(api.db, apiKeyId(api.apiKeys.test));
  vi.setSystemTime(Date.now() + 5_001);
  expect(await request(api, 'GET', PATH)).toMatchObject({ status: 401, body: error('invalid_api_key') });
  expect((await request(api, 'GET', PATH, { mode: 'live' })).status).toBe(404);
});

test('a key may send so many requests per second; then it is told when to come again', async () => {
  const api = await start({ requestsPerSecond: 3 });
  // The key is known before, so that all come in the same second.
  vi.useFakeTimers({ toFake: ['Date'] });
  const answers = await times(5, () => request(api, 'GET', PATH));
  expect(statusesOf(answers)).toEqual([404, 404, 404, 429, 429]);
  const refused = answers.find(({ status }) => status === 429);
  expect(refused?.body).toEqual(error('rate_limited'));
  expect(refused?.headers.get('retry-after')).toBe('1');
  expect(refused?.headers.get('ratelimit')).toBe('"3-in-1sec"; r=0; t=1');
  expect(refused?.headers.get('ratelimit-policy')).toMatch(/^"3-in-1sec"; q=3; w=1; pk=:/);

  expect((await request(api, 'GET', PATH, { mode: 'live' })).status).toBe(404);
  vi.setSystemTime(Date.now() + 1_000);
  expect((await request(api, 'GET', PATH)).status).toBe(404);
});

test('the limit is counted per key, not per address', async () => {
  const api = await start({ requestsPerSecond: 3, trustedProxies: ['loopback'] });
  vi.useFakeTimers({ toFake: ['Date'] });
  const answers = await Promise.all(
    [1, 2, 3, 4].map((part) => send(api, api.apiKeys.test, `203.0.113.${part}`)),
  );
  expect(statusesOf(answers)).toEqual([404, 404, 404, 429]);
});

test('0 limits nothing', async () => {
  const api = await start({ requestsPerSecond: 0 });
  const answers = await times(150, () => request(api, 'GET', PATH));
  expect(new Set(statusesOf(answers))).toEqual(new Set([404]));
  expect(answers[0]?.headers.has('ratelimit')).toBe(false);
});

test('webhooks, health and metrics are not limited', async () => {
  const api = await start({ requestsPerSecond: 1 });
  await times(MAX_FAILURES + 5, () => send(api, 'wrong'));
  expect((await send(api, 'wrong')).status).toBe(429);
  for (const path of ['/healthz', '/readyz', '/metrics', '/openapi.json'])
    expect(statusesOf(await times(3, () => request(api, 'GET', path)))).toEqual([200, 200, 200]);
  const delivered = await times(3, () =>
    deliver(api, stripeEvent({ type: 'radar.early_fraud_warning.created' })),
  );
  expect(statusesOf(delivered)).toEqual([200, 200, 200]);
});

test('an address that sends wrong keys is not listened to for a minute, so that none can be guessed', async () => {
  const api = await start({ trustedProxies: ['127.0.0.1'] });
  const good = `db_test_${randomUUID()}`;
  await saveApiKey(api.db, { mode: 'test', name: 'good', apiKey: good });
  expect((await send(api, api.apiKeys.test)).status).toBe(404);
  for (let failure = 0; failure < MAX_FAILURES; failure++) {
    const apiKey = failure % 2 === 0 ? randomUUID() : '';
    expect((await send(api, apiKey)).status).toBe(401);
  }
  const refused = await send(api, randomUUID());
  expect(refused).toMatchObject({ status: 429, body: error('rate_limited') });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
  // The right guess is not told from a wrong one.
  expect((await send(api, good)).status).toBe(429);
  // Who was there before goes on, and another address is another caller.
  expect((await send(api, api.apiKeys.test)).status).toBe(404);
  expect((await send(api, good, '203.0.113.2')).status).toBe(404);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_001 });
  expect((await send(api, randomUUID())).status).toBe(401);
});

test('of IPv6 a whole network is one address, and nobody but a trusted proxy says which', async () => {
  const trusting = await start({ trustedProxies: ['loopback'] });
  for (let part = 0; part < MAX_FAILURES; part++) await send(trusting, 'wrong', `2001:db8::${part}`);
  expect((await send(trusting, 'wrong', '2001:db8::ffff')).status).toBe(429);
  expect((await send(trusting, 'wrong', '2001:db8:1::1')).status).toBe(401);
  await trusting.close();

  const api = await start({});
  for (let part = 0; part < MAX_FAILURES; part++) await send(api, 'wrong', `203.0.113.${part}`);
  expect((await send(api, 'wrong', '203.0.113.99')).status).toBe(429);
});
