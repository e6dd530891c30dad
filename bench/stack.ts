import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { EnvironmentVariables } from '../config/environment.ts';
import { cacheDirectory, inheritedEnvironment } from '../config/machine.ts';
import type { StackFile } from '../config/stack-file.ts';
import { withoutOurs } from '../stack/environment.ts';
import { freePort } from '../stack/ports.ts';
import { startReaper } from '../stack/reaper.ts';
import { type Stack, startStack } from '../stack/stack.ts';

/** By the names that stack/stack.ts gives them. */
const PART_NAMES = {
  api: 'api',
  worker: 'worker',
  postgres: 'PostgreSQL',
  temporal: 'Temporal',
  stripeSimulator: 'Stripe simulator',
} as const;
type Part = keyof typeof PART_NAMES;

/** A running stack, and what measures it. */
export interface BenchParts {
  readonly stack: StackFile;
  /** Process ids, to see what each part takes of the machine. */
  readonly pids: Readonly<Record<Part, number>>;
  /** Where Stripe's stand-in listens. */
  readonly simulatorUrl: string;
  readonly temporal: Client;
}

/** What a measurement needs to be otherwise. */
export interface BenchStackOptions {
  readonly variables?: EnvironmentVariables;
  /** Of the Stripe simulator's command. */
  readonly stripeSimulatorArgs?: readonly string[];
}

/**
 * Measures on the stack that `npm start` runs, each part a process of its own and data on the disk, in a folder that is
 * deleted afterwards. Nothing that is configured on this machine is met. What it does goes to standard error.
 */
export async function onThrowAwayStack<Figures>(
  measure: (parts: BenchParts) => Promise<Figures>,
  options: BenchStackOptions = {},
): Promise<Figures> {
  await using reaper = startReaper();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'durable-billing-bench-'));
  reaper.directory(dataDir);
  await chmod(dataDir, 0o755); // PostgreSQL may run as a user of its own, which must be able to walk in.
  const ports = {
    api: await freePort(),
    postgres: await freePort(),
    temporal: await freePort(),
    temporalUi: await freePort(),
    stripeSimulator: await freePort(),
  };
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const starting = startStack({
    dataDir,
    ports,
    // A limit would be what is measured.
    variables: {
      ...withoutOurs(inheritedEnvironment()),
      API_REQUESTS_PER_SECOND: '0',
      ...options.variables,
    },
    stripeSimulatorArgs: options.stripeSimulatorArgs,
    cacheDir: cacheDirectory(),
    reaper,
    durability: 'full',
    log: () => undefined,
    onPart: (part, state) => progress(`${part}: ${state}`),
    onFailure: (part, how) => fail(new Error(`${part} has ended by itself: ${how}`)),
  });
  await using stack = await Promise.race([starting, failed]);
  return await Promise.race([withParts(stack, measure), failed]);
}

async function withParts<Figures>(
  { file, pids }: Stack,
  measure: (parts: BenchParts) => Promise<Figures>,
): Promise<Figures> {
  const pidOf = (part: Part) => pids.get(PART_NAMES[part]) ?? 0;
  const connection = await Connection.connect({ address: file.temporalAddress });
  try {
    const temporal = new Client({ connection, namespace: file.temporalNamespace });
    return await measure({
      stack: file,
      pids: {
        api: pidOf('api'),
        worker: pidOf('worker'),
        postgres: pidOf('postgres'),
        temporal: pidOf('temporal'),
        stripeSimulator: pidOf('stripeSimulator'),
      },
      simulatorUrl: file.stripe.apiBase ?? '',
      temporal,
    });
  } finally {
    await connection.close();
  }
}

/** One line to standard error, where it is not in the way of `--json`. */
export function progress(line: string): void {
  process.stderr.write(`… ${line}\n`);
}
