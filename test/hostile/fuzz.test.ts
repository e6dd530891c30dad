import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApi } from '../../api/server.ts';
import { createReceiptLog } from '../../api/webhooks/receipt-log.ts';
import { DOCUMENT } from '../api/documented.ts';
import { SECRETS } from '../api/harness.ts';
import { TEST_ACCOUNT } from '../support/account.ts';
import { testAdmin } from '../support/admin.ts';
import { endpointOf } from './endpoints.ts';
import { type FuzzReport, fuzz } from './fuzz.ts';
import { problemsWithLine } from './judge.ts';
import { hostileOptions } from './options.ts';
import { nameOf, type Route, routesOf } from './routes.ts';
import { type HostileWorld, startHostileWorld } from './world.ts';

/**
 * Requests from good to absurd, to every route of an api in a process of its own, on real PostgreSQL and real Temporal with a worker.
 * `HOSTILE_REQUESTS` sends more, `HOSTILE_SEED` the same again, `HOSTILE_CASE` only that one of them.
 */

const options = hostileOptions();
const isWhole = options.only === null;
/** What 16,000 requests may leave behind: a kilobyte each would be more. */
const MAX_GROWTH_BYTES = 16 * 1_048_576;
/** Of a machine on which others work too. */
const MS_PER_REQUEST = 100;

let world: HostileWorld;
let routes: readonly Route[];
let report: FuzzReport;

beforeAll(async () => {
  world = await startHostileWorld();
  const { db, temporal } = world.service;
  const dependencies = {
    db,
    temporal,
    webhookSecrets: SECRETS,
    admin: await testAdmin(),
    account: TEST_ACCOUNT,
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
  };
  const app = createApi(dependencies, { receipts: createReceiptLog(dependencies), isEnding: () => false });
  // The files of the documentation's page are served without a route.
  routes = [...routesOf(app), { method: 'get', path: '/docs/{file}' }];
});
afterAll(() => world.stop());

test('every route of the running api is among those that are tried', async () => {
  const served = (await (await fetch(`${world.api.url}/openapi.json`)).json()) as typeof DOCUMENT;
  expect(served).toEqual(DOCUMENT);
  const documented = Object.entries(served.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => nameOf({ method, path })),
  );
  expect(routes.map(nameOf)).toEqual(expect.arrayContaining(documented));
  // Throws for a route that is in no table.
  for (const route of routes) endpointOf(route);
});

test('whatever is sent is answered as the documentation says, without a 5xx and without a secret', {
  timeout: 300_000 + options.requests * MS_PER_REQUEST,
}, async () => {
  report = await fuzz(world, routes, options);
  expect(report.failures.slice(0, 20).join('\n\n')).toBe('');
  if (isWhole) expect(report.sent).toBeGreaterThanOrEqual(options.requests);
});

test('the process lives, and has printed nothing but its log, in which nobody is named and no secret told', () => {
  expect(world.api.ended()).toBeNull();
  const problems = world.api.lines.flatMap((line) =>
    problemsWithLine(line, world.secrets, world.issued).map(
      (problem) => `${problem}: ${line.slice(0, 2_000)}`,
    ),
  );
  expect(problems.slice(0, 20).join('\n\n')).toBe('');
  if (isWhole) expect(world.api.lines.length).toBeGreaterThan(options.requests / 2);
});

test.runIf(isWhole)('every route was got behind, so that more was tried than its door', () => {
  expect(routes.map(nameOf).filter((name) => !report.reached.has(name))).toEqual([]);
});

test.runIf(isWhole)('requests leave nothing behind in memory', () => {
  const [warm, end] = report.heapBytes;
  expect(end - warm).toBeLessThan(MAX_GROWTH_BYTES);
});
