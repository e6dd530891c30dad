import { spawn } from 'node:child_process';
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { isRunning } from '../../stack/processes.ts';
import { startReaper } from '../../stack/reaper.ts';
import { eventually, eventuallyGone, killAfterFirstLine, temporaryFolder } from './helpers.ts';

const isGone = (file: string): Promise<boolean> =>
  stat(file).then(
    () => false,
    () => true,
  );

function startSleeper(): number {
  const sleeper = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 60_000)'], { detached: true });
  onTestFinished(() => void sleeper.kill('SIGKILL'));
  return sleeper.pid ?? 0;
}

test('a stack whose process was killed leaves no program and no folder behind', async () => {
  const folder = path.join(await temporaryFolder(), 'stack');
  await mkdir(folder);
  const programs = await killAfterFirstLine('stack-parent.ts', [folder]);
  const { postgres, temporal } = z.object({ postgres: z.int(), temporal: z.int() }).parse(programs);
  await eventuallyGone(postgres);
  await eventuallyGone(temporal);
  await eventually('the folder is deleted', () => isGone(folder));
  expect([await isRunning(postgres), await isRunning(temporal)]).toEqual([false, false]);
});

test('what was registered ends with the reaper, what was released does not', async () => {
  const folder = await temporaryFolder();
  const [ours, released] = [startSleeper(), startSleeper()];
  const reaper = startReaper();
  reaper.directory(folder);
  reaper.program({ pid: ours, signal: 'SIGTERM', graceMs: 1_000 });
  reaper.program({ pid: released, signal: 'SIGTERM', graceMs: 1_000 }).release();
  await reaper.close();

  expect(await isRunning(ours)).toBe(false);
  expect(await isRunning(released)).toBe(true);
  expect(await isGone(folder)).toBe(true);
});

test('programs can be ended before the rest, also those that are registered too late', async () => {
  const folder = await temporaryFolder();
  await using reaper = startReaper();
  reaper.directory(folder);
  const [early, late] = [startSleeper(), startSleeper()];
  reaper.program({ pid: early, signal: 'SIGTERM', graceMs: 1_000 });
  reaper.endPrograms();
  await eventuallyGone(early);
  reaper.program({ pid: late, signal: 'SIGTERM', graceMs: 1_000 });
  await eventuallyGone(late);
  expect(await isGone(folder)).toBe(false);
});
