import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { freePort } from '../process/free-port.ts';
import type { ComposeService } from '../stack/compose-file.ts';
import { findOnPath } from '../stack/executables.ts';
import type { Log } from '../stack/log.ts';
import { describeExit, type Environment, type Program, startProgram } from '../stack/program.ts';
import type { Reaper } from '../stack/reaper.ts';
import type { TemporalPrograms } from './temporal-programs.ts';

/** Temporal's own programs, and the services of the compose file whose commands and variables they are run with. */
export interface TemporalClusterOptions {
  readonly programs: TemporalPrograms;
  /** The CLI, `temporal`. */
  readonly cli: string;
  /** Three services of docker-compose.yml. */
  readonly schema: ComposeService;
  readonly server: ComposeService;
  readonly namespace: ComposeService;
  /** For links to programs, and a configuration that holds nothing. */
  readonly folder: string;
  readonly postgresPort: number;
  /** PATH and the like. */
  readonly env: Environment;
  readonly log: Log;
  readonly reaper: Reaper;
}

/** A running Temporal server with one namespace. */
export interface TemporalCluster {
  readonly address: string;
  readonly pid: number;
  stop(): Promise<unknown>;
}

const READY_MS = 120_000;
/** Where the images have the schema. */
const SCHEMA_IN_IMAGE = '/etc/temporal/schema';

/** Does what the compose file's services do, with their own commands and environment: schema, server, namespace. */
export async function startTemporalCluster(options: TemporalClusterOptions): Promise<TemporalCluster> {
  const { programs, cli, folder, server, env, log, reaper } = options;
  const bin = path.join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  await symlink(programs.sqlTool, path.join(bin, 'temporal-sql-tool'));
  await symlink(cli, path.join(bin, 'temporal'));
  const surroundings = { ...env, PATH: `${bin}:${env['PATH'] ?? ''}` };
  const hosts = { POSTGRES_SEEDS: '127.0.0.1', DB_PORT: String(options.postgresPort) };
  await runOnce(
    'temporal-schema',
    options.schema,
    { ...surroundings, ...options.schema.environment, ...hosts },
    options,
  );

  const port = await freePort();
  const dynamicConfig = path.join(folder, 'dynamic-config.yaml');
  await writeFile(dynamicConfig, '{}\n');
  const program = await startProgram({
    name: 'temporal-server',
    command: programs.server,
    args: ['start'],
    cwd: folder,
    env: {
      ...surroundings,
      ...server.environment,
      ...hosts,
      // A container has an address and all ports of its own.
      BIND_ON_IP: '127.0.0.1',
      FRONTEND_GRPC_PORT: String(port),
      DYNAMIC_CONFIG_FILE_PATH: dynamicConfig,
      ...(await portsOfItsOwn()),
    },
    graceMs: 20_000,
    log,
    reaper,
  });
  const address = `127.0.0.1:${port}`;
  try {
    await untilServing(program, address);
    const environment = { ...surroundings, ...options.namespace.environment, TEMPORAL_ADDRESS: address };
    await runOnce('temporal-namespace', options.namespace, environment, options);
  } catch (error) {
    await program.stop();
    throw error;
  }
  return {
    address,
    pid: program.pid,
    stop: () => program.stop(),
  };
}

async function portsOfItsOwn(): Promise<Environment> {
  const names = [
    'FRONTEND_HTTP_PORT',
    'FRONTEND_MEMBERSHIP_PORT',
    'HISTORY_GRPC_PORT',
    'HISTORY_MEMBERSHIP_PORT',
    'MATCHING_GRPC_PORT',
    'MATCHING_MEMBERSHIP_PORT',
    'WORKER_GRPC_PORT',
    'WORKER_MEMBERSHIP_PORT',
  ];
  const ports: Record<string, string> = {};
  for (const name of names) ports[name] = String(await freePort());
  return ports;
}

/** Runs a one-shot service's own command, as its container would. */
async function runOnce(
  name: string,
  { entrypoint = [], command = [] }: ComposeService,
  env: Environment,
  { programs, log, reaper }: TemporalClusterOptions,
): Promise<void> {
  const [shell = '', ...flags] = entrypoint;
  const executable = await findOnPath(shell, env);
  if (executable === undefined) throw new Error(`${name} is run by "${shell}", which is not on PATH`);
  const program = await startProgram({
    name,
    command: executable,
    args: [...flags, ...command.map((line) => line.replaceAll(SCHEMA_IN_IMAGE, programs.schemaFolder))],
    env,
    log,
    reaper,
  });
  const exit = await program.exited;
  if (exit.code !== 0) throw new Error(`${name} ended with ${describeExit(exit)}:\n${program.lastLines()}`);
}

async function untilServing(program: Program, address: string): Promise<void> {
  for (const deadline = Date.now() + READY_MS; ; await sleep(200)) {
    if (program.exit !== undefined)
      throw new Error(`Temporal ended with ${describeExit(program.exit)}:\n${program.lastLines()}`);
    try {
      const connection = await Connection.connect({ address, connectTimeout: 2_000 });
      try {
        await connection.workflowService.getSystemInfo({});
        await connection.workflowService.listNamespaces({ pageSize: 1 });
        return;
      } finally {
        await connection.close();
      }
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}
