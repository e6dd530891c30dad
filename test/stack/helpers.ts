import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { inheritedEnvironment } from '../../config/machine.ts';
import { StackError } from '../../stack/errors.ts';
import { nodeProgram } from '../../stack/node-program.ts';
import { isRunning } from '../../stack/processes.ts';
import { startReaper } from '../../stack/reaper.ts';

/** A log for what a test does not look at. */
export const silent = (): void => undefined;

/** Ends and deletes what a test started when the test can't: a Ctrl-C kills the process it runs in. */
export const reaper = startReaper();

/** An empty folder that other users may enter, deleted when the test is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'durable-billing-stack-'));
  const registration = reaper.directory(folder);
  onTestFinished(async () => {
    await rm(folder, { recursive: true, force: true });
    registration.release();
  });
  await chmod(folder, 0o755);
  return folder;
}

/** The path of a file beside these tests, in `fixtures/`. */
export const fixture = (name: string): string =>
  fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

/** A program on a PATH of the test's making: JavaScript run by this Node. */
export async function fakeProgram(folder: string, name: string, script: string): Promise<void> {
  const file = path.join(folder, name);
  await writeFile(file, `#!${process.execPath}\n${script}\n`);
  await chmod(file, 0o755);
}

/** Runs one of the fixtures until it has printed a line of JSON, gives that line, and kills it by SIGKILL. */
export async function killAfterFirstLine(name: string, args: readonly string[]): Promise<unknown> {
  const { command, args: all } = nodeProgram(fixture(name), args);
  const parent = spawn(command, all, { env: inheritedEnvironment(), stdio: ['ignore', 'pipe', 'inherit'] });
  parent.stdout.setEncoding('utf8');
  const line = await new Promise<string>((resolve, reject) => {
    let text = '';
    parent.stdout.on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) resolve(text);
    });
    parent.once('exit', () => reject(new Error(`${name} ended before it printed a line`)));
  });
  parent.kill('SIGKILL');
  return JSON.parse(line);
}

/** Waits until something holds; throws if it does not in time. */
export async function eventually(
  what: string,
  holds: () => Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; !(await holds()); await sleep(25)) {
    if (Date.now() > deadline) throw new Error(`Not so within ${timeoutMs} ms: ${what}`);
  }
}

/** The error with which a part of the stack could not be had. */
export async function failureOf(attempt: Promise<unknown>): Promise<StackError> {
  const error: unknown = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof StackError) return error;
  throw new Error(`Expected a StackError, not ${String(error)}`);
}

/** Waits until a process has ended; throws if it does not within ten seconds. */
export const eventuallyGone = (pid: number): Promise<void> =>
  eventually(`process ${pid} is gone`, async () => !(await isRunning(pid)));
