import { type ChildProcess, spawn } from 'node:child_process';
import { StackError } from './errors.ts';
import { eachLine, type Log } from './log.ts';
import type { Reaper } from './reaper.ts';

/** The environment variables a program is given. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** How a program ended: with a code, or by a signal. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What is run, as whom, and how it is ended. */
export interface ProgramOptions {
  /** What it is called in messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Environment;
  readonly cwd?: string | undefined;
  /** The account to run as, if it is not ours. */
  readonly account?: { readonly uid: number; readonly gid: number } | undefined;
  /** Opens a channel for messages between Node programs. */
  readonly ipc?: boolean | undefined;
  /** What asks it to end. Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals | undefined;
  /** Signal the processes it started as well. */
  readonly wholeGroup?: boolean | undefined;
  /** How long it may take to end before it is killed. Default 10 s. */
  readonly graceMs?: number | undefined;
  /** Takes each line it prints. */
  readonly log: Log;
  readonly reaper?: Reaper | undefined;
  /** Told the process id at once, long before the program is ready. */
  readonly onSpawn?: OnSpawn | undefined;
}

/** Told the process id as soon as there is one: what has to end a part in the middle of its start knows it by this. */
export type OnSpawn = (pid: number) => void;

/** A running program that can be stopped. */
export interface Program extends AsyncDisposable {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Resolves when it has ended, for whatever reason; never rejects. */
  readonly exited: Promise<Exit>;
  /** How it has ended, if it has. */
  readonly exit: Exit | undefined;
  /** The last lines it printed, to tell why it ended. */
  lastLines(): string;
  /** Asks it to end, and kills it after the grace time. Can be called more than once. */
  stop(): Promise<Exit>;
}

const KEPT_LINES = 15;

/**
 * Starts a program in a process group of its own: a terminal's Ctrl-C then reaches us alone, and we end the parts in
 * an order that loses nothing. The reaper ends it if we can't.
 *
 * @throws StackError `start_failed` if it can't be executed
 */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const { stopSignal = 'SIGTERM', graceMs = 10_000, wholeGroup = false } = options;
  const child = spawn(options.command, options.args, {
    env: { ...options.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', ...(options.ipc ? (['ipc'] as const) : [])],
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    ...options.account,
  });
  const pid = child.pid;
  if (pid === undefined) {
    const error = await new Promise<Error>((resolve) => child.once('error', resolve));
    throw new StackError('start_failed', `${options.name} can't be started: ${error.message}.`);
  }
  options.onSpawn?.(pid);
  const registration = options.reaper?.program({ pid, signal: stopSignal, wholeGroup, graceMs });

  const lines: string[] = [];
  const onLine: Log = (line) => {
    lines.push(line);
    if (lines.length > KEPT_LINES) lines.shift();
    options.log(line);
  };
  if (child.stdout) eachLine(child.stdout, onLine);
  if (child.stderr) eachLine(child.stderr, onLine);
  child.on('error', (error) => onLine(error.message));

  let exit: Exit | undefined;
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      registration?.release();
      // Let the last lines arrive, but don't wait for grandchildren that hold the pipe.
      const settle = (): void => resolve((exit ??= { code, signal }));
      child.once('close', settle);
      setTimeout(settle, 200).unref();
    });
  });

  let stopping: Promise<Exit> | undefined;
  async function end(): Promise<Exit> {
    signal(child, stopSignal, wholeGroup);
    const timer = setTimeout(() => signal(child, 'SIGKILL', true), graceMs);
    try {
      return await exited;
    } finally {
      clearTimeout(timer);
    }
  }
  const stop = (): Promise<Exit> => (stopping ??= end());

  return {
    pid,
    child,
    exited,
    get exit() {
      return exit;
    },
    lastLines: () => lines.join('\n'),
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

/** The words for how a program ended: `code 1`, `signal SIGKILL`. */
export function describeExit({ code, signal: name }: Exit): string {
  return name === null ? `code ${code}` : `signal ${name}`;
}

function signal(child: ChildProcess, name: NodeJS.Signals, wholeGroup: boolean): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(wholeGroup ? -child.pid : child.pid, name);
  } catch {
    // It ended this very moment.
  }
}
