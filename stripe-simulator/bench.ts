/**
 * How fast the simulator is, and how much memory an object takes. Run by hand, alone on the machine:
 *
 *   node --import tsx stripe-simulator/bench.ts [--requests 10000] [--runs 7] [--connections 32]
 *
 * The simulator runs in a process of its own (this file with `--serve`), the client in this one, over keep-alive.
 */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { startStripeSimulator } from './server.ts';

const HEADERS = {
  authorization: 'Bearer sk_test_simulator',
  'content-type': 'application/x-www-form-urlencoded',
};

let customers = 0;

/** Every customer has an address of its own, as real ones do. */
function nextBody(): string {
  customers += 1;
  return `email=user${customers}%40example.com&name=Some+One&metadata[user]=u${customers}&metadata[plan]=pro`;
}

const { values } = parseArgs({
  options: {
    serve: { type: 'boolean', default: false },
    requests: { type: 'string', default: '10000' },
    runs: { type: 'string', default: '7' },
    connections: { type: 'string', default: '32' },
  },
});

async function serve(): Promise<void> {
  const { port } = await startStripeSimulator();
  process.on('message', () => {
    globalThis.gc?.();
    process.send?.({ heapBytes: process.memoryUsage().heapUsed });
  });
  process.on('disconnect', () => process.exit());
  process.send?.({ port });
}

/** The next message from the simulator's process, as `schema` has it. */
async function answer<T>(child: ChildProcess, schema: z.ZodType<T>): Promise<T> {
  const messages: unknown = await once(child, 'message');
  return z.tuple([schema]).rest(z.unknown()).parse(messages)[0];
}

async function heapOf(child: ChildProcess): Promise<number> {
  child.send('memory');
  return (await answer(child, z.object({ heapBytes: z.number() }))).heapBytes;
}

function createCustomer(port: number, agent: Agent): Promise<void> {
  const body = nextBody();
  const headers = { ...HEADERS, 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request(
      { port, host: '127.0.0.1', agent, method: 'POST', path: '/v1/customers', headers },
      (response) => {
        response.resume();
        response.once('end', () => {
          if (response.statusCode === 200) resolve();
          else reject(new Error(`status ${String(response.statusCode)}`));
        });
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });
}

/** Customers a second over one run. */
async function run(port: number, agent: Agent, requests: number, connections: number): Promise<number> {
  let left = requests;
  const startedAt = performance.now();
  const client = async () => {
    while (left > 0) {
      left -= 1;
      await createCustomer(port, agent);
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  return requests / ((performance.now() - startedAt) / 1_000);
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

async function measure(): Promise<void> {
  const [requests, runs, connections] = [values.requests, values.runs, values.connections].map(Number);
  if (requests === undefined || runs === undefined || connections === undefined) return;
  const child = fork(fileURLToPath(import.meta.url), ['--serve'], {
    execArgv: [
      '--import',
      'tsx',
      '--expose-gc',
      ...process.execArgv.filter((one) => one.startsWith('--cpu-prof')),
    ],
  });
  const { port } = await answer(child, z.object({ port: z.number() }));
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  await run(port, agent, requests, connections);
  const before = await heapOf(child);
  const rates: number[] = [];
  for (let index = 0; index < runs; index += 1) rates.push(await run(port, agent, requests, connections));
  const bytes = ((await heapOf(child)) - before) / (requests * runs);
  const shown = rates.map((rate) => Math.round(rate)).join(', ');
  process.stdout.write(
    `${Math.round(median(rates))} customers/s (median of ${runs} runs of ${requests}: ${shown})\n` +
      `${Math.round(bytes)} bytes of heap per customer, its event and its log entry included\n`,
  );
  agent.destroy();
  child.disconnect();
}

await (values.serve ? serve() : measure());
