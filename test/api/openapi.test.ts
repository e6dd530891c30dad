import { Validator } from '@seriousme/openapi-schema-validator';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ERROR_STATUS } from '../../api/errors.ts';
import { OF_NO_ROUTE } from '../../api/openapi/answers.ts';
import { createApi } from '../../api/server.ts';
import { createReceiptLog } from '../../api/webhooks/receipt-log.ts';
import { ADMIN_AUTHORIZATION } from '../support/admin.ts';
import { startCheckoutWorker } from './checkout-worker.ts';
import { DOCUMENT, type Operation, problemsOf } from './documented.ts';
import { deliver, request, SECRETS, startTestApi, type TestApi } from './harness.ts';

let api: TestApi;
let stopWorker: () => Promise<void>;
beforeAll(async () => {
  // When the examples are sent, their month has just ended.
  api = await startTestApi({ now: () => new Date('2026-11-01T00:00:30.000Z'), requestsPerSecond: 1_000 });
  stopWorker = await startCheckoutWorker(api);
});
afterAll(async () => {
  await stopWorker();
  await api.close();
});

const OPERATIONS = Object.entries(DOCUMENT.paths).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, operation]) => ({ method, path, operation })),
);

test('the document is OpenAPI 3.1, and what the api serves', async () => {
  const { body } = await request(api, 'GET', '/openapi.json', { headers: { authorization: '' } });
  expect(body).toEqual(DOCUMENT);
  const validator = new Validator();
  expect(await validator.validate(body as Record<string, unknown>)).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
});

test('every route of the api is in the document, and the other way round', () => {
  const dependencies = {
    db: api.db,
    temporal: api.temporal,
    webhookSecrets: SECRETS,
    admin: null,
    account: null,
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
  };
  const app = createApi(dependencies, { receipts: createReceiptLog(dependencies), isEnding: () => false });
  const routes = app.router.stack.flatMap(({ route }) =>
    (route?.stack ?? [])
      // What refuses other methods stands for all of them.
      .filter(({ method }) => method !== undefined)
      .map(({ method }) => `${method} ${route?.path.replaceAll(/:(\w+)/g, '{$1}')}`),
  );
  const documented = OPERATIONS.map(({ method, path }) => `${method} ${path}`);
  expect(new Set(routes)).toEqual(new Set(documented));
});

test('every code of an error is foreseen by a route, but for those of no route', () => {
  const examples = OPERATIONS.flatMap(({ operation }) =>
    Object.entries(operation.responses).flatMap(([status, { content }]) =>
      Object.keys(content?.['application/json']?.examples ?? {}).map((code) => `${code} ${status}`),
    ),
  );
  const codes = Object.entries(ERROR_STATUS).map(([code, status]) => `${code} ${status}`);
  const ofNoRoute = OF_NO_ROUTE.map((code) => `${code} ${ERROR_STATUS[code]}`);
  expect(new Set([...examples, ...ofNoRoute])).toEqual(new Set(codes));
});

test('no route of administrators answers anybody else, and none at all where there are none', async () => {
  const paths = OPERATIONS.filter(({ path }) => path.startsWith('/api/admin/'));
  expect(paths.length).toBeGreaterThan(20);
  const closed = await startTestApi({ admin: null });
  try {
    for (const { method, path, operation } of paths) {
      const at = urlOf(path, operation);
      const answerOf = async (url: string, authorization?: string) =>
        await fetch(`${url}${at}`, {
          method: method.toUpperCase(),
          headers: authorization === undefined ? {} : { authorization },
        });
      expect((await answerOf(api.url)).status, at).toBe(401);
      expect((await answerOf(closed.url, ADMIN_AUTHORIZATION)).status, at).toBe(503);
    }
  } finally {
    await closed.close();
  }
});

/** `request` itself holds each answer against the document. Those of operators need a whole service: test/api/admin. */
describe('every example of a request', () => {
  const ofHosts = OPERATIONS.filter(({ path }) => !path.startsWith('/api/admin/'));
  test.each(ofHosts)('of $method $path succeeds', async ({ method, path, operation }) => {
    const bodies = examplesOf(operation.requestBody?.content?.['application/json']);
    for (const json of bodies.length === 0 ? [undefined] : bodies) {
      const answer = path.startsWith('/api/webhooks/')
        ? await deliver(api, json as object, {
            mode: path.endsWith('-test') ? 'test' : 'live',
            signedAt: new Date('2026-11-01T00:00:30.000Z'),
          })
        : await request(api, method.toUpperCase(), urlOf(path, operation), {
            json,
            headers: Object.fromEntries(parametersOf(operation, 'header')),
          });
      expect(answer.status).toBeLessThan(300);
      expect(answer.body).not.toMatchObject({ rejected: [{}] });
    }
  });

  const withKey = OPERATIONS.filter(({ operation }) => operation.security === undefined);
  test.each(withKey)('of $method $path is refused without a key', async ({ method, path, operation }) => {
    const send = (authorization: string) =>
      request(api, method.toUpperCase(), urlOf(path, operation), { headers: { authorization } });
    expect((await send('')).status).toBe(401);
    expect((await send('Bearer wrong')).status).toBe(401);
  });
});

test.each(OPERATIONS)('the examples of $method $path are as their schemas have them', (it) => {
  const pointer = ['paths', it.path, it.method];
  const bodies = [
    ...Object.entries(it.operation.responses).map(([status, body]) => ({ at: ['responses', status], body })),
    ...(it.operation.requestBody === undefined
      ? []
      : [{ at: ['requestBody'], body: it.operation.requestBody }]),
  ];
  for (const { at, body } of bodies) {
    for (const [type, content] of Object.entries(body.content ?? {})) {
      const values = examplesOf(content);
      expect(values, `examples of ${at.join(' ')}`).not.toEqual([]);
      for (const value of values) {
        expect(problemsOf([...pointer, ...at, 'content', type, 'schema'], value)).toBeNull();
      }
    }
  }
});

function examplesOf(content: { example?: unknown; examples?: object } | undefined): unknown[] {
  if (content === undefined) return [];
  const named = Object.values(content.examples ?? {}) as { value: unknown }[];
  return [...('example' in content ? [content.example] : []), ...named.map(({ value }) => value)];
}

function parametersOf(operation: Operation, place: string): [string, string][] {
  return (operation.parameters ?? [])
    .filter((parameter) => parameter.in === place)
    .map(({ name, example, schema }) => [name, example ?? schema.examples?.[0] ?? '']);
}

function urlOf(template: string, operation: Operation): string {
  const path = parametersOf(operation, 'path').reduce(
    (path, [name, value]) => path.replace(`{${name}}`, value),
    template,
  );
  const query = new URLSearchParams(parametersOf(operation, 'query')).toString();
  return query === '' ? path : `${path}?${query}`;
}
