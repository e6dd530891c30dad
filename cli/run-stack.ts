import { EventEmitter } from 'node:events';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import colors from 'picocolors';
import { cacheDirectory } from '../config/machine.ts';
import { logToFile } from '../stack/log.ts';
import { type Reaper, startReaper } from '../stack/reaper.ts';
import { type Stack, type StackOptions, startStack } from '../stack/stack.ts';
import { complain, describeError, say } from './console.ts';

/** What `npm start` and `npm run demo` differ in. */
export interface RunOnStackOptions
  extends Pick<StackOptions, 'dataDir' | 'ports' | 'variables' | 'durability'> {
  /** The first line on the screen. */
  readonly title: string;
  /** Delete the data folder at the end, whatever the end is. */
  readonly throwAway: boolean;
  /** Exit status after Ctrl-C. */
  readonly interruptedStatus: number;
}

class Interruption extends Error {}

/**
 * Starts a stack, does `work` on it, stops all of it, and ends this process: with 0, or with 1 and the reason, or as Ctrl-C
 * should end it. Nothing is left behind, not even when this process is killed (stack/reaper.ts).
 */
export async function runOnStack(
  options: RunOnStackOptions,
  work: (stack: Stack, logFile: string) => Promise<void>,
): Promise<never> {
  const reaper = startReaper();
  if (options.throwAway) reaper.directory(options.dataDir);
  const logFile = path.join(options.dataDir, 'logs', 'stack.log');
  await mkdir(path.dirname(logFile), { recursive: true });
  const output = logToFile(logFile);

  let starting: Promise<Stack> | undefined;
  let stack: Stack | undefined;
  let status = 0;
  try {
    const partFailures = new EventEmitter();
    const ended = new Promise<never>((_, reject) => {
      partFailures.once('failure', reject);
      for (const signal of ['SIGINT', 'SIGTERM'] as const)
        process.on(signal, () => reject(new Interruption()));
    });
    say(colors.bold(options.title));
    starting = startStack({
      ...options,
      cacheDir: cacheDirectory(),
      reaper,
      log: output.log,
      onPart: createPartProgress(),
      onFailure: (part, how) => partFailures.emit('failure', new PartFailure(part, how, logFile)),
    });
    stack = await Promise.race([starting, ended]);
    await Promise.race([work(stack, logFile), ended]);
  } catch (error) {
    status = error instanceof Interruption ? options.interruptedStatus : 1;
    if (!(error instanceof Interruption)) complain(`\n${describeError(error)}`);
  }
  say(colors.dim('\nStopping …'));
  stack ??= await endOfStart(starting, reaper);
  await stack?.stop();
  await output.close();
  // Deletes a throw-away folder.
  await reaper.close();
  process.exit(status);
}

/** What still waits when all programs are gone, such as for another process that builds Temporal, writes nothing. */
const START_ENDS_WITHIN_MS = 5_000;

/**
 * Waits for a start that was interrupted: it fails as its programs end, and until it has it may start others and write to the
 * folder that is to be deleted.
 *
 * @returns the stack, if it had come up all the same
 */
async function endOfStart(starting: Promise<Stack> | undefined, reaper: Reaper): Promise<Stack | undefined> {
  reaper.endPrograms();
  return await Promise.race([starting?.catch(() => undefined), sleep(START_ENDS_WITHIN_MS, undefined)]);
}

class PartFailure extends Error {
  override readonly name = 'StackError';

  constructor(part: string, how: string, logFile: string) {
    super(`${part} has ended by itself (${how}); its last words are in ${logFile}`);
  }
}

/** Prints each part of the stack as it comes up, with the time it took. */
function createPartProgress(): StackOptions['onPart'] {
  const since = new Map<string, number>();
  return (part, state, where) => {
    if (!since.has(part)) since.set(part, Date.now());
    if (state === 'starting') {
      if (where !== undefined) say(colors.dim(`  … ${part}: ${where}`));
      return;
    }
    const seconds = ((Date.now() - (since.get(part) ?? Date.now())) / 1_000).toFixed(1);
    say(`${colors.green('  ✓')} ${part.padEnd(17)} ${where ?? ''} ${colors.dim(`(${seconds} s)`)}`);
  };
}
