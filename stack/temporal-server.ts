import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { ensureSearchAttributes, type SearchAttributes } from '../worker/search-attributes.ts';
import { messageOf, StackError } from './errors.ts';
import type { Log } from './log.ts';
import { assertPortFree, PortTakenError } from './ports.ts';
import {
  describeExit,
  type Environment,
  type Exit,
  type OnSpawn,
  type Program,
  startProgram,
} from './program.ts';
import type { Reaper } from './reaper.ts';

/** Of the development server, `temporal server start-dev`; times and limits are Temporal's own unless `dynamicConfig` says so. */
export interface TemporalServerOptions {
  /** The Temporal CLI. */
  readonly binary: string;
  /** Of the gRPC frontend, at 127.0.0.1. */
  readonly port: number;
  /** Of the Web UI, at 127.0.0.1; undefined for none. */
  readonly uiPort?: number | undefined;
  /** Where the Web UI has payloads decrypted (`api/admin/codec/`); undefined: it shows them as they are. */
  readonly codecEndpoint?: string | undefined;
  /** Where workflows are kept between runs; in memory if undefined. */
  readonly databaseFile?: string | undefined;
  /** Created if it is missing. */
  readonly namespace: string;
  /** Registered if they are missing. */
  readonly searchAttributes: SearchAttributes;
  /** Temporal's dynamic configuration, for limits and test speed. */
  readonly dynamicConfig?: Readonly<Record<string, string | number | boolean>> | undefined;
  readonly env: Environment;
  /** Takes warnings and errors of the server. */
  readonly log: Log;
  readonly reaper?: Reaper | undefined;
  readonly onSpawn?: OnSpawn | undefined;
}

/** A running Temporal development server. */
export interface TemporalServer extends AsyncDisposable {
  /** `127.0.0.1:PORT` of the gRPC frontend. */
  readonly address: string;
  /** `http://127.0.0.1:PORT` of the Web UI, if there is one. */
  readonly uiUrl: string | undefined;
  readonly namespace: string;
  readonly pid: number;
  /** Resolves when it has ended, wanted or not. */
  readonly exited: Promise<Exit>;
  stop(): Promise<void>;
}

/**
 * Starts `temporal server start-dev` and waits until workflows can be started and listed in the namespace.
 *
 * @throws PortTakenError if somebody listens there
 * @throws StackError `start_failed`, with the last lines the server printed
 */
export async function startTemporalServer(options: TemporalServerOptions): Promise<TemporalServer> {
  const { port, uiPort, namespace, databaseFile } = options;
  // Otherwise the server that holds the port would answer for ours.
  await assertPortFree(port, 'TEMPORAL_PORT');
  if (uiPort !== undefined) await assertPortFree(uiPort, 'TEMPORAL_UI_PORT');
  if (databaseFile !== undefined) await mkdir(path.dirname(databaseFile), { recursive: true });
  // On its way down it warns of each of its own connections: nothing an operator could use.
  let stopping = false;
  const program = await startProgram({
    name: 'Temporal',
    command: options.binary,
    args: ['server', 'start-dev', ...flags(options)],
    env: options.env,
    // In memory there is nothing to lose by ending at once.
    stopSignal: databaseFile === undefined ? 'SIGKILL' : 'SIGTERM',
    log: (line) => {
      if (!stopping) options.log(line);
    },
    reaper: options.reaper,
    onSpawn: options.onSpawn,
  });
  const stop = async (): Promise<void> => {
    stopping = true;
    await program.stop();
  };
  const address = `127.0.0.1:${port}`;
  try {
    await waitUntilServing(program, address, options);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    address,
    uiUrl: uiPort === undefined ? undefined : `http://127.0.0.1:${uiPort}`,
    namespace,
    pid: program.pid,
    exited: program.exited,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function flags(options: TemporalServerOptions): string[] {
  const {
    port,
    uiPort,
    codecEndpoint,
    databaseFile,
    namespace,
    searchAttributes,
    dynamicConfig = {},
  } = options;
  return [
    // A profile or an environment of the person's own CLI is not meant for this server.
    '--disable-config-file',
    '--disable-config-env',
    '--log-level=warn',
    '--color=never',
    '--ip=127.0.0.1',
    `--port=${port}`,
    `--namespace=${namespace}`,
    ...(uiPort === undefined ? ['--headless'] : [`--ui-port=${uiPort}`]),
    ...(codecEndpoint === undefined ? [] : [`--ui-codec-endpoint=${codecEndpoint}`]),
    // A write-ahead log doubles what SQLite can take, and survives a crash of the process (not always of the machine).
    ...(databaseFile === undefined ? [] : ['--db-filename', databaseFile]),
    ...(databaseFile === undefined
      ? []
      : ['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=1']),
    ...Object.entries(searchAttributes).map(([name, type]) => `--search-attribute=${name}=${type}`),
    ...Object.entries(dynamicConfig).map(
      ([key, value]) => `--dynamic-config-value=${key}=${JSON.stringify(value)}`,
    ),
  ];
}

const READY_MS = 60_000;

async function waitUntilServing(
  program: Program,
  address: string,
  options: TemporalServerOptions,
): Promise<void> {
  let lastError: unknown;
  for (const deadline = Date.now() + READY_MS; Date.now() < deadline; await sleep(20)) {
    if (program.exit) throw startFailure(program, program.exit, options);
    try {
      // Its own reconnecting would wait a second after a first refusal.
      if (await accepts(options.port)) return await probe(address, options);
    } catch (error) {
      lastError = error;
    }
  }
  throw new StackError(
    'start_failed',
    `Temporal did not serve ${address} within ${READY_MS / 1000} s (${messageOf(lastError)}):\n${program.lastLines()}`,
  );
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Asks for what a worker and a client need: the namespace, and a list by the search attributes. */
async function probe(address: string, options: TemporalServerOptions): Promise<void> {
  const { namespace, searchAttributes } = options;
  const connection = await Connection.connect({ address, connectTimeout: 2_000 });
  try {
    await connection.withDeadline(Date.now() + 2_000, async () => {
      await connection.workflowService.describeNamespace({ namespace });
      await ensureSearchAttributes(connection, namespace, searchAttributes);
      const query = Object.keys(searchAttributes)
        .map((name) => `${name} IS NULL`)
        .join(' AND ');
      await connection.workflowService.listWorkflowExecutions({ namespace, query, pageSize: 1 });
    });
  } finally {
    await connection.close();
  }
}

function startFailure(program: Program, exit: Exit, { port, uiPort }: TemporalServerOptions): StackError {
  const output = program.lastLines();
  if (/address already in use/i.test(output)) {
    const isUi = uiPort !== undefined && output.includes(`:${uiPort}:`);
    return isUi ? new PortTakenError(uiPort, 'TEMPORAL_UI_PORT') : new PortTakenError(port, 'TEMPORAL_PORT');
  }
  return new StackError(
    'start_failed',
    `Temporal ended while it was starting (${describeExit(exit)}):\n${output}`,
  );
}
