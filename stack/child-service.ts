import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { StackError } from './errors.ts';
import { type Log, prefixed } from './log.ts';
import { nodeProgram } from './node-program.ts';
import {
  describeExit,
  type Environment,
  type Exit,
  type OnSpawn,
  type Program,
  startProgram,
} from './program.ts';
import type { Reaper } from './reaper.ts';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));

/** Which program of ours, and what it is given; times in milliseconds. */
export interface ChildServiceOptions {
  /** Stands before each line it prints. */
  readonly name: string;
  /** The program, from the project's folder: `api/main.ts`; or an absolute path to one in JavaScript. */
  readonly entry: string;
  readonly args?: readonly string[] | undefined;
  /** A module, from the project's folder, that it loads before the program. */
  readonly preload?: string | undefined;
  /** All of its environment; nothing is inherited. */
  readonly env: Environment;
  readonly log: Log;
  readonly reaper?: Reaper | undefined;
  readonly onSpawn?: OnSpawn | undefined;
  /** How long it may take to report that it is ready. Default 30 s. */
  readonly readyTimeoutMs?: number | undefined;
  /** How long it may take to finish its work when it is stopped, before it is killed. Default 15 s. */
  readonly graceMs?: number | undefined;
}

/** A program of ours in a process of its own. */
export interface ChildService extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  /** The port it said it listens on. */
  readonly port: number | undefined;
  /** Resolves when it has ended, wanted or not. */
  readonly exited: Promise<Exit>;
  /** SIGTERM, and SIGKILL after the grace time. Can be called more than once. */
  stop(): Promise<Exit>;
}

/**
 * Starts one of our own programs and waits for its message `{ready: true, port?}`, which process/parent-link.ts sends. The
 * program ends when the channel to us breaks, so it never outlives us.
 *
 * @throws StackError `start_failed` if it ends before, or is not ready in time; with its last lines
 */
export async function startChildService(options: ChildServiceOptions): Promise<ChildService> {
  const { name, readyTimeoutMs = 30_000 } = options;
  const program = await startProgram({
    name,
    ...nodeProgram(
      path.resolve(PROJECT, options.entry),
      options.args ?? [],
      options.preload === undefined ? undefined : path.resolve(PROJECT, options.preload),
    ),
    env: options.env,
    cwd: PROJECT,
    ipc: true,
    graceMs: options.graceMs ?? 15_000,
    log: prefixed(name, options.log),
    reaper: options.reaper,
    onSpawn: options.onSpawn,
  });
  let port: number | undefined;
  try {
    port = await readyMessage(program, name, readyTimeoutMs);
  } catch (error) {
    await program.stop();
    throw error;
  }

  return {
    name,
    pid: program.pid,
    port,
    exited: program.exited,
    stop: () => program.stop(),
    [Symbol.asyncDispose]: async () => {
      await program.stop();
    },
  };
}

function readyMessage(program: Program, name: string, timeoutMs: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(`was not ready within ${timeoutMs / 1000} s`), timeoutMs);
    function fail(what: string): void {
      reject(new StackError('start_failed', `${name} ${what}:\n${program.lastLines()}`));
    }
    program.child.on('message', (message) => {
      if (!isReady(message)) return;
      clearTimeout(timer);
      resolve(message.port);
    });
    program.child.once('close', (code, signal) => {
      clearTimeout(timer);
      fail(`ended while it was starting (${describeExit({ code, signal })})`);
    });
  });
}

function isReady(message: unknown): message is { ready: true; port?: number } {
  return typeof message === 'object' && message !== null && 'ready' in message && message.ready === true;
}
