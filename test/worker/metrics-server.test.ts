import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { Counter, Registry } from 'prom-client';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type MetricsServerOptions, startMetricsServer } from '../../worker/metrics-server.ts';

/** Stands for the SDK's exporter, which a process has once. */
const sdk = createServer((_request, response) => {
  response.end('temporal_worker_start_total 5\n');
});
let sdkMetricsUrl: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => {
    sdk.listen(0, '127.0.0.1', resolve);
  });
  sdkMetricsUrl = `http://127.0.0.1:${(sdk.address() as AddressInfo).port}`;
});
afterAll(() => sdk.close());

async function start(options: Partial<MetricsServerOptions> = {}) {
  const registry = new Registry();
  new Counter({ name: 'billing_things_total', help: 'Things', registers: [registry] }).inc(3);
  const lines: string[] = [];
  const server = await startMetricsServer({
    registry,
    sdkMetricsUrl,
    isRunning: () => true,
    log: pino({}, { write: (line: string) => lines.push(line) }),
    port: 0,
    host: '127.0.0.1',
    ...options,
  });
  onTestFinished(() => server.close());
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  return { get, lines };
}

test('one page has the metrics of the process and those of the SDK', async () => {
  const { get } = await start();
  const { status, text, headers } = await get('/metrics');
  expect(status).toBe(200);
  expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(text.split('\n')).toEqual(
    expect.arrayContaining(['billing_things_total 3', 'temporal_worker_start_total 5']),
  );
});

test('without the SDK’s metrics the others are shown, and the log says why', async () => {
  const { get, lines } = await start({ sdkMetricsUrl: 'http://127.0.0.1:1/' });
  const { status, text } = await get('/metrics');
  expect(status).toBe(200);
  expect(text).toContain('billing_things_total 3');
  expect(lines.join('')).toContain("the metrics of Temporal's SDK can not be read");
});

test('it is healthy as long as its workers run, and says nothing else', async () => {
  let isRunning = true;
  const { get } = await start({ isRunning: () => isRunning });
  expect(await get('/healthz')).toMatchObject({ status: 200, text: '{"status":"ok"}' });
  isRunning = false;
  expect(await get('/healthz')).toMatchObject({ status: 503, text: '{"status":"unavailable"}' });
  expect(await get('/')).toMatchObject({ status: 404, text: '' });
  expect(await get('/metrics', 'POST')).toMatchObject({ status: 404, text: '' });
});
