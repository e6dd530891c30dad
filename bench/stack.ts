import { Client, Connection } from '@temporalio/client';
import { note } from '../cli/console.ts';
import type { StackFile } from '../config/stack-file.ts';
import { SimulatorControl } from '../stack/simulator-control.ts';
import type { Stack } from '../stack/stack.ts';
import type { StackPart } from '../stack/supervised-part.ts';
import { onThrowAwayStack, type ThrowAwayStackOptions } from '../stack/throw-away-stack.ts';

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
  /** To take it away. */
  readonly worker: Pick<StackPart, 'stop'>;
  /** Process ids, to see what each part takes of the machine. */
  readonly pids: Readonly<Record<Part, number>>;
  /** Where Stripe's stand-in listens. */
  readonly simulatorUrl: string;
  readonly simulator: SimulatorControl;
  readonly temporal: Client;
}

/** Measures on a stack as `npm start` runs it. What it does goes to standard error. */
export async function onBenchStack<Figures>(
  measure: (parts: BenchParts) => Promise<Figures>,
  options: Pick<ThrowAwayStackOptions, 'variables' | 'stripeSimulatorArgs'> = {},
): Promise<Figures> {
  return await onThrowAwayStack((stack) => withParts(stack, measure), {
    ...options,
    onPart: (part, state) => note(`${part}: ${state}`),
  });
}

async function withParts<Figures>(
  { file, parts }: Stack,
  measure: (parts: BenchParts) => Promise<Figures>,
): Promise<Figures> {
  const pidOf = (part: Part) => parts.get(PART_NAMES[part])?.pid ?? 0;
  const connection = await Connection.connect({ address: file.temporalAddress });
  const worker = parts.get(PART_NAMES.worker);
  const simulatorUrl = file.stripe.apiBase ?? '';
  if (worker === undefined) throw new Error('the stack has no worker');
  try {
    const temporal = new Client({ connection, namespace: file.temporalNamespace });
    return await measure({
      stack: file,
      worker,
      pids: {
        api: pidOf('api'),
        worker: pidOf('worker'),
        postgres: pidOf('postgres'),
        temporal: pidOf('temporal'),
        stripeSimulator: pidOf('stripeSimulator'),
      },
      simulatorUrl,
      simulator: new SimulatorControl(simulatorUrl),
      temporal,
    });
  } finally {
    await connection.close();
  }
}
