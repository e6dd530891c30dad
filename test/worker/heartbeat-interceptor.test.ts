import { MockActivityEnvironment } from '@temporalio/testing';
import type { ActivityExecuteInput } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { HeartbeatInterceptor } from '../../worker/heartbeat-interceptor.ts';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const input: ActivityExecuteInput = { args: [], headers: {} };

/** Runs `activity` as the worker does, and counts its heartbeats. */
async function beatsOf(heartbeatTimeoutMs: number | undefined, activity: () => Promise<unknown>) {
  const environment = new MockActivityEnvironment(
    heartbeatTimeoutMs === undefined ? {} : { heartbeatTimeoutMs },
  );
  let beats = 0;
  environment.on('heartbeat', () => {
    beats += 1;
  });
  const interceptor = new HeartbeatInterceptor();
  const outcome = await environment
    .run(() => interceptor.execute(input, activity))
    .catch((error: unknown) => `failed: ${String(error)}`);
  const duringBeats = beats;
  await pause(100);
  return { outcome, duringBeats, afterBeats: beats - duringBeats };
}

test('an activity beats while it runs, often enough for one beat to get lost, and no longer', async () => {
  const { outcome, duringBeats, afterBeats } = await beatsOf(90, async () => {
    await pause(200);
    return 'done';
  });
  expect(outcome).toBe('done');
  expect(duringBeats).toBeGreaterThanOrEqual(2);
  expect(afterBeats).toBe(0);
});

test('one that fails beats no longer either', async () => {
  const { outcome, afterBeats } = await beatsOf(30, () => Promise.reject(new Error('no')));
  expect(outcome).toContain('no');
  expect(afterBeats).toBe(0);
});

test('one without a heartbeat timeout has no need to', async () => {
  const { duringBeats } = await beatsOf(undefined, () => pause(50));
  expect(duringBeats).toBe(0);
});
