import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import '../../api/server.ts';
import '../../worker/worker.ts';
import { startTracing } from '../../telemetry/tracing.ts';

const loaded = () =>
  Object.keys(createRequire(import.meta.url).cache).filter((file) =>
    /@opentelemetry\/(sdk|exporter|otlp)|interceptors-opentelemetry/.test(file),
  );

test('without an exporter nothing of OpenTelemetry’s SDK is loaded, and with one it is', async () => {
  const none = await startTracing('tests', false);
  expect(none).toMatchObject({ clientInterceptors: [], activityInterceptors: [] });
  expect(loaded()).toEqual([]);
  const some = await startTracing('tests', true);
  expect(some.clientInterceptors).toHaveLength(1);
  expect(some.activityInterceptors).toHaveLength(1);
  expect(loaded().length).toBeGreaterThan(0);
  await some.stop();
});
