import { Client, Connection } from '@temporalio/client';
import { type BenchParts } from '../bench/stack.ts';
import { note } from '../cli/console.ts';
import { SimulatorControl } from '../stack/simulator-control.ts';
import { onTopology } from './topology.ts';

/** Measures on docker-compose.yml's parts, one api and one worker: as `onBenchStack` on those of `npm start`. */
export async function onProductionBenchStack<Figures>(
  measure: (parts: BenchParts) => Promise<Figures>,
): Promise<Figures> {
  const options = {
    apis: 1,
    workers: 1,
    buildId: 'bench',
    // What is sent beside the api has no key, and requests are not limited.
    variables: { TEMPORAL_CODEC_KEYS: '', API_REQUESTS_PER_SECOND: '0' },
    progress: note,
    log: () => undefined,
  };
  return await onTopology(options, async ({ file, pids, apis: [api], workers: [worker], dataConverter }) => {
    if (api === undefined || worker === undefined) throw new Error('there is no api or no worker');
    const simulatorUrl = file.stripe.apiBase ?? '';
    const connection = await Connection.connect({ address: file.temporalAddress });
    try {
      return await measure({
        stack: file,
        worker: {
          stop: async () => {
            await worker.stop();
          },
        },
        pids: {
          api: api.pid,
          worker: worker.pid,
          postgres: pids.postgres,
          temporal: pids.temporal,
          stripeSimulator: pids.simulator,
        },
        simulatorUrl,
        simulator: new SimulatorControl(simulatorUrl),
        temporal: new Client({ connection, namespace: file.temporalNamespace, dataConverter }),
      });
    } finally {
      await connection.close();
    }
  });
}
