import { Connection } from '@temporalio/client';
import { inject } from 'vitest';
import type { RunningBilling } from '../../chaos/world/running-billing.ts';
import { reachStack } from '../../chaos/world/stack-billing.ts';
import { inheritedEnvironment } from '../../config/machine.ts';
import { freePort } from '../../process/free-port.ts';
import { withoutOurs } from '../../stack/environment.ts';
import { startReaper } from '../../stack/reaper.ts';
import { startStack } from '../../stack/stack.ts';
import { makeFolder } from '../cli/command.ts';
import { createNamespace } from './billing-worker.ts';
import { createTestDatabase } from './database.ts';

/** Api and worker as they are run in production, each a process of its own, whose every line is kept. */
export interface ServiceProcesses extends RunningBilling {
  /** Of the worker's metrics. */
  readonly workerUrl: string;
  /** What api and worker have printed, without the part's name. */
  linesOf(part: 'api' | 'worker'): string[];
  stop(): Promise<void>;
}

/** @param variables of both, beside those that say where the parts are. */
export async function startServiceProcesses(
  variables: Readonly<Record<string, string>> = {},
): Promise<ServiceProcesses> {
  const started: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of started.splice(0).toReversed()) await end();
  };
  try {
    const database = await createTestDatabase();
    started.push(() => database.drop());
    const temporalAddress = inject('temporalAddress');
    const connection = await Connection.connect({ address: temporalAddress });
    started.push(() => connection.close());
    const namespace = await createNamespace(connection);
    const { folder, remove } = await makeFolder();
    started.push(remove);
    const reaper = startReaper();
    started.push(() => reaper.close());

    const workerPort = await freePort();
    const lines: string[] = [];
    const stack = await startStack({
      dataDir: folder,
      ports: {
        api: await freePort(),
        postgres: 0,
        temporal: 0,
        temporalUi: 0,
        stripeSimulator: await freePort(),
      },
      variables: {
        ...withoutOurs(inheritedEnvironment()),
        DATABASE_URL: database.url,
        TEMPORAL_ADDRESS: temporalAddress,
        TEMPORAL_NAMESPACE: namespace,
        WORKER_METRICS_PORT: String(workerPort),
        API_REQUESTS_PER_SECOND: '0',
        BILLING_COLLECTION_WINDOW: '0',
        ...variables,
      },
      cacheDir: '',
      programs: inject('programs'),
      reaper,
      durability: 'off',
      log: (line) => lines.push(line),
      onPart: () => undefined,
      onFailure: (part, how) => lines.push(`[${part}] has ended: ${how}`),
    });
    started.push(() => stack.stop());
    const reached = reachStack(stack.file);
    started.push(async () => await reached[Symbol.asyncDispose]());
    return {
      ...reached,
      workerUrl: `http://127.0.0.1:${workerPort}`,
      linesOf: (part) => {
        const prefix = `[${part}] `;
        return lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
