/** The simulator as a program: `node --import tsx stripe-simulator/main.ts [--port N] [--data FILE]`. */
import { parseArgs } from 'node:util';
import type { AfterDunning } from './operation.ts';
import type { SimulatorOptions } from './server.ts';
import { startStripeSimulator } from './server.ts';

const DEFAULT_PORT = 12_111;
const USAGE = `Usage: stripe-simulator [--port N] [--data FILE] [--collection-delay-ms N]
                        [--finalization-delay-ms N] [--after-dunning WHAT]

  --port N                  where to listen on 127.0.0.1 (default ${DEFAULT_PORT}, 0 for any free port)
  --data FILE               keep the state in this file between runs
  --collection-delay-ms N   how long after finalization an invoice is charged (default 50)
  --finalization-delay-ms N how long a draft with auto_advance stays a draft (default an hour)
  --after-dunning WHAT      what becomes of a subscription after the last failed retry: cancel (default), unpaid, past_due
`;

/** @throws if the value is not a whole number of zero or more. */
function wholeNumber(name: string, value: string): number {
  if (/^\d+$/.test(value)) return Number(value);
  throw new Error(`--${name} takes a whole number, not '${value}'`);
}

/** @throws if the value is none of the choices. */
function afterDunning(value: string): AfterDunning {
  if (value === 'cancel' || value === 'past_due' || value === 'unpaid') return value;
  throw new Error(`--after-dunning takes cancel, past_due or unpaid, not '${value}'`);
}

function readArguments(): SimulatorOptions & { help: boolean } {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: String(DEFAULT_PORT) },
      data: { type: 'string' },
      'collection-delay-ms': { type: 'string' },
      'finalization-delay-ms': { type: 'string' },
      'after-dunning': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const delay = values['collection-delay-ms'];
  const finalization = values['finalization-delay-ms'];
  const dunning = values['after-dunning'];
  return {
    port: wholeNumber('port', values.port),
    ...(values.data === undefined ? {} : { dataFile: values.data }),
    ...(delay === undefined ? {} : { collectionDelayMs: wholeNumber('collection-delay-ms', delay) }),
    ...(finalization === undefined
      ? {}
      : { finalizationDelayMs: wholeNumber('finalization-delay-ms', finalization) }),
    ...(dunning === undefined ? {} : { afterDunning: afterDunning(dunning) }),
    help: values.help,
  };
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE') {
    return `The port is taken (${error.message}). Choose another with --port.`;
  }
  return error.message;
}

async function run(): Promise<void> {
  const { help, ...options } = readArguments();
  if (help) {
    process.stdout.write(USAGE);
    return;
  }
  const simulator = await startStripeSimulator(options);
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    void simulator.stop().then(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // A forked simulator must not outlive its parent, however that ended.
  process.on('disconnect', stop);
  process.stdout.write(
    `Stripe simulator: ${simulator.baseUrl}  keys: ${simulator.liveKey}, ${simulator.testKey}\n`,
  );
  process.send?.({ ready: true, port: simulator.port });
}

try {
  await run();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}
