import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cacheDirectory, inheritedEnvironment } from '../config/machine.ts';
import { freePort } from '../process/free-port.ts';
import { withoutOurs } from './environment.ts';
import { type Reaper, startReaper } from './reaper.ts';
import { type Stack, type StackOptions, startStack } from './stack.ts';

/** What a throw-away stack needs to be otherwise than one of `npm start`. */
export type ThrowAwayStackOptions = Partial<
  Pick<
    StackOptions,
    | 'variables'
    | 'stripeSimulatorArgs'
    | 'preloads'
    | 'programs'
    | 'durability'
    | 'log'
    | 'onPart'
    | 'onFailure'
  >
>;

/**
 * Works on the stack that `npm start` runs, each part a process of its own and data on the disk, in a folder that is deleted
 * afterwards. Nothing that is configured on this machine is met, and requests are not limited.
 *
 * @throws Error when a part ends by itself and no `onFailure` was given for that, and whatever the work throws.
 */
export async function onThrowAwayStack<Result>(
  work: (stack: Stack) => Promise<Result>,
  options: ThrowAwayStackOptions = {},
): Promise<Result> {
  await using reaper = startReaper();
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const starting = startThrowAwayStack(reaper, {
    onFailure: (part, how) => fail(new Error(`${part} has ended by itself: ${how}`)),
    ...options,
  });
  await using stack = await Promise.race([starting, failed]);
  return await Promise.race([work(stack), failed]);
}

/** As {@link onThrowAwayStack}, for those who end it themselves: the reaper deletes the folder, and must be closed. */
export async function startThrowAwayStack(
  reaper: Reaper,
  options: ThrowAwayStackOptions & Pick<StackOptions, 'onFailure'>,
): Promise<Stack> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'durable-billing-'));
  reaper.directory(dataDir);
  await chmod(dataDir, 0o755); // PostgreSQL may run as a user of its own, which must be able to walk in.
  return await startStack({
    durability: 'full',
    log: () => undefined,
    onPart: () => undefined,
    ...options,
    dataDir,
    ports: {
      api: await freePort(),
      postgres: await freePort(),
      temporal: await freePort(),
      temporalUi: await freePort(),
      stripeSimulator: await freePort(),
    },
    variables: {
      ...withoutOurs(inheritedEnvironment()),
      API_REQUESTS_PER_SECOND: '0',
      ...options.variables,
    },
    cacheDir: cacheDirectory(),
    reaper,
  });
}
