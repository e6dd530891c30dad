/** The simulator as a value that starts and stops. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { Faults } from './faults.ts';
import type { ApiParts } from './http/api.ts';
import { handleApiRequest } from './http/api.ts';
import { LIVE_KEY, TEST_KEY } from './http/authentication.ts';
import { jsonAnswer, send } from './http/message.ts';
import { handleSimRequest } from './http/sim-routes.ts';
import type { FileLock } from './lock.ts';
import { lockFile } from './lock.ts';
import type { SimulatorObserver } from './observer.ts';
import type { AfterDunning } from './operation.ts';
import { RateLimits } from './rate-limits.ts';
import { RequestLog } from './request-log.ts';
import { Router } from './router.ts';
import { ROUTES } from './routes/index.ts';
import { Simulation } from './simulation.ts';

/** Loopback only: the simulator has no secrets to protect it. */
const HOST = '127.0.0.1';
/** Longer than any client keeps an idle connection, so that the simulator is never the one that closes first. */
const KEEP_ALIVE_MS = 75_000;
const HOUR_MS = 3_600_000;

/** How a simulator starts; every field has a default. */
export interface SimulatorOptions {
  /** 0, the default, takes any free port. */
  port?: number;
  /** Keeps the state in this file; without it, it ends with the process. */
  dataFile?: string;
  /** How long after finalization an invoice is charged: stands for Stripe's hour. Default 50 ms. */
  collectionDelayMs?: number;
  /** How long a draft with `auto_advance` stays a draft, by the simulator's clock. Default an hour. */
  finalizationDelayMs?: number;
  /** What becomes of a subscription after the last failed retry. Default `cancel`. */
  afterDunning?: AfterDunning;
  /** Is told of every exchange and every event. */
  observer?: SimulatorObserver;
}

/** A simulator that runs. `stop` may be called twice; requests under way are cut off. */
export interface StripeSimulator extends AsyncDisposable {
  /** `http://127.0.0.1:12111` */
  readonly baseUrl: string;
  readonly host: string;
  readonly port: number;
  /** A key that opens live mode. */
  readonly liveKey: string;
  /** A key that opens test mode. */
  readonly testKey: string;
  stop(): Promise<void>;
}

/**
 * Starts a simulator in this process.
 * @throws `EADDRINUSE` if the port is taken, an `Error` if the data file is damaged or in use.
 * @example
 * await using simulator = await startStripeSimulator();
 * const stripe = new Stripe(simulator.testKey, { host: simulator.host, port: simulator.port, protocol: 'http' });
 */
export async function startStripeSimulator(options: SimulatorOptions = {}): Promise<StripeSimulator> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: KEEP_ALIVE_MS + 1_000 });
  const port = await listen(server, options.port ?? 0);
  const baseUrl = `http://${HOST}:${port}`;
  let lock: FileLock | undefined;
  let simulation: Simulation;
  try {
    if (options.dataFile !== undefined) lock = await lockFile(options.dataFile);
    simulation = new Simulation(
      {
        baseUrl,
        collectionDelayMs: options.collectionDelayMs ?? 50,
        finalizationDelayMs: options.finalizationDelayMs ?? HOUR_MS,
        afterDunning: options.afterDunning ?? 'cancel',
      },
      options.dataFile,
      options.observer,
    );
  } catch (error) {
    server.close();
    await lock?.release();
    throw error;
  }
  const parts: ApiParts = {
    simulation,
    router: new Router(ROUTES),
    faults: new Faults(),
    requestLog: new RequestLog(),
    rateLimits: new RateLimits(),
    observer: options.observer,
  };
  server.on('request', (request, response) => {
    serve(parts, request, response).catch((error: unknown) => fail(response, error));
  });
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= stopAll(server, simulation, lock);
    return stopping;
  };
  return {
    baseUrl,
    host: HOST,
    port,
    liveKey: LIVE_KEY,
    testKey: TEST_KEY,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function serve(parts: ApiParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (/^\/_sim(\/|\?|$)/.test(request.url ?? '')) {
    send(response, await handleSimRequest(parts, request));
    return;
  }
  const outcome = await handleApiRequest(parts, request);
  if (outcome === 'broken') request.socket.destroy();
  else send(response, outcome);
}

function fail(response: ServerResponse, error: unknown): void {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  if (!response.headersSent)
    send(response, jsonAnswer(500, { error: { type: 'api_error', message: String(error) } }));
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

async function stopAll(
  server: ReturnType<typeof createServer>,
  simulation: Simulation,
  lock: FileLock | undefined,
): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeAllConnections();
  await Promise.all([closed, simulation.stop()]);
  await lock?.release();
}
