import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { inheritedEnvironment } from '../../config/machine.ts';
import { withoutOurs } from '../../stack/environment.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** One of our commands, run as a person would, in a process group of its own. */
export interface RunningCommand {
  readonly child: ChildProcess;
  /** All it has printed so far. */
  output(): string;
  /** Waits for a line; fails with the whole output if the command ends before. */
  printed(text: string): Promise<void>;
  /** Its exit status, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/**
 * Runs what `npm run NAME` runs, without npm in between: it would answer for the program when a signal comes; and `billing` built ahead,
 * as the image has it, for it is run very often.
 *
 * @param name a program of cli/
 */
export function runCommand(
  name: 'demo' | 'start' | 'billing' | 'replay',
  args: readonly string[],
  variables: Record<string, string>,
): RunningCommand {
  const program = name === 'billing' ? [inject('programs').billing] : ['--import', 'tsx', `cli/${name}.ts`];
  const child = spawn(process.execPath, [...program, ...args], {
    cwd: PROJECT,
    env: { ...withoutOurs(inheritedEnvironment()), NO_COLOR: '1', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  const printed = async (text: string) => {
    while (!output.includes(text)) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`"${name}" ended without printing "${text}":\n${output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return { child, output: () => output, printed, ended };
}

/** Runs `npm run billing -- …` on a database and the tests' Temporal, to its end. */
export async function runBilling(
  databaseUrl: string,
  args: readonly string[],
  variables: Record<string, string> = {},
): Promise<{ readonly status: number | NodeJS.Signals | null; readonly output: string }> {
  const command = runCommand('billing', args, {
    DATA_DIR: '/nonexistent',
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    ...variables,
  });
  const status = await command.ended;
  return { status, output: command.output() };
}

/** Ctrl-C: the terminal sends SIGINT to the whole process group. */
export function pressCtrlC(command: RunningCommand): void {
  if (command.child.pid !== undefined) process.kill(-command.child.pid, 'SIGINT');
}

/** A folder of this test's own, which a PostgreSQL of another user can walk into. */
export async function makeFolder(): Promise<{ folder: string; readonly remove: () => Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'durable-billing-cli-test-'));
  await chmod(folder, 0o755);
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Processes that name `folder` in their command line or environment. */
export async function processesOf(folder: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['axeww', '-o', 'command='], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout.split('\n').filter((line) => line.includes(folder));
}

/** Waits until no process names `folder` any more; the guard may take a moment after its parent was killed. */
export async function untilNoProcessOf(folder: string, timeoutMs = 20_000): Promise<string[]> {
  for (const deadline = Date.now() + timeoutMs; ; ) {
    const processes = await processesOf(folder);
    if (processes.length === 0 || Date.now() > deadline) return processes;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
