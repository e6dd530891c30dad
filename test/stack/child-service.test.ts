import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { inheritedEnvironment } from '../../config/machine.ts';
import { type ChildService, type ChildServiceOptions, startChildService } from '../../stack/child-service.ts';
import { isRunning } from '../../stack/processes.ts';
import { eventuallyGone, failureOf, killAfterFirstLine, silent } from './helpers.ts';

async function start(behaviour: string, options: Partial<ChildServiceOptions> = {}): Promise<ChildService> {
  const service = await startChildService({
    name: 'api',
    entry: 'test/stack/fixtures/service.ts',
    args: [behaviour],
    env: inheritedEnvironment(),
    log: silent,
    ...options,
  });
  onTestFinished(async () => {
    await service.stop();
  });
  return service;
}

describe('a service of our own', () => {
  test('is ready with its port, and finishes its work when it is stopped', async () => {
    const lines: string[] = [];
    const log = (line: string): void => void lines.push(line);
    const service = await start('well-behaved', { log });
    expect(service.port).toBe(4321);
    expect(await service.stop()).toEqual({ code: 0, signal: null });
    expect(lines).toEqual(['[api] hello', '[api] finishing my work: SIGTERM']);
  });

  test('is killed when it does not stop in time', async () => {
    const service = await start('stubborn', { graceMs: 200 });
    expect(await service.stop()).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('reports when it ends by itself', async () => {
    const service = await start('well-behaved');
    process.kill(service.pid, 'SIGKILL');
    expect(await service.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('loads a module before itself, if it is to', async () => {
    const lines: string[] = [];
    await start('well-behaved', {
      preload: 'test/stack/fixtures/preload.ts',
      log: (line) => lines.push(line),
    });
    expect(lines).toEqual(['[api] I was first', '[api] hello']);
  });

  test('does not load it in its threads, which read no TypeScript', async () => {
    const lines: string[] = [];
    await start('threaded', {
      preload: 'test/stack/fixtures/preload.ts',
      log: (line) => lines.push(line),
    });
    expect(lines).toEqual(['[api] I was first', '[api] my thread ended with 0']);
  });

  test('that ends while it starts is an error with its last words', async () => {
    const { code, message } = await failureOf(start('broken'));
    expect(code).toBe('start_failed');
    expect(message).toMatch(/api .*code 3.*DATABASE_URL is missing/s);
  });

  test('that is not ready in time is an error, and stopped', async () => {
    await expect(start('silent', { readyTimeoutMs: 500 })).rejects.toThrow('not ready within 0.5 s');
  });

  test('does not outlive the process that started it', async () => {
    const pid = Number(await killAfterFirstLine('service-parent.ts', []));
    await sleep(0);
    await eventuallyGone(pid);
    expect(await isRunning(pid)).toBe(false);
  });
});
