import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { Command } from 'commander';
import { ConfigurationError, parseEnvironment } from '../config/environment.ts';
import { inheritedEnvironment } from '../config/machine.ts';
import { dataDirectory, readStackFile } from '../config/stack-file.ts';
import { loadTemporalConfig } from '../config/temporal.ts';
import { childEnvironment } from '../stack/environment.ts';
import { dataConverterOf } from '../temporal/data-converter.ts';
import { type ReplayedType, replayRunning } from '../worker/replay.ts';
import { bundleWorkflows } from '../worker/workflow-bundle.ts';
import { complain, describeError, right, say, table } from './console.ts';
import { loadEnvironmentFile } from './environment-file.ts';
import { parseCount, USAGE_STATUS } from './options.ts';

const program = new Command('replay')
  .description(
    'Replays the workflows that run with the code of this checkout, before it is deployed to them. It only reads. ' +
      'Ends with 1 when one of them would stand still, 2 when it could not be tried.',
  )
  .option('--from <namespace>', "Temporal's namespace; the one that the environment names unless given")
  .option('--limit <count>', 'of each type the newest so many', parseCount, 1_000)
  .showHelpAfterError()
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : USAGE_STATUS));

async function replay({ from, limit }: { readonly from?: string; readonly limit: number }): Promise<void> {
  const environment = inheritedEnvironment();
  const stack = await readStackFile(dataDirectory(parseEnvironment(environment).DATA_DIR));
  const variables = stack === undefined ? environment : childEnvironment(environment, stack);
  const config = loadTemporalConfig(variables);
  if (config === null)
    throw new ConfigurationError(['TEMPORAL_ADDRESS: is missing; it says whose workflows are replayed']);
  const dataConverter = dataConverterOf(parseEnvironment(variables).TEMPORAL_CODEC_KEYS ?? []);
  const namespace = from ?? config.namespace;
  // What it logs of a history that does not replay is in our own table.
  Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined) });
  const workflowBundle = await bundleWorkflows(dataConverter);
  const connection = await Connection.connect(config.connectionOptions);
  try {
    const client = new Client({ connection, namespace, dataConverter });
    const types: ReplayedType[] = [];
    for await (const type of replayRunning(client, { workflowBundle, dataConverter, limit }))
      types.push(type);
    report(namespace, types);
  } finally {
    await connection.close();
  }
}

function report(namespace: string, types: readonly ReplayedType[]): void {
  const rows = types.map(({ workflowType, running, replayed, broken }) => [
    workflowType,
    String(running),
    String(replayed),
    String(broken.length),
  ]);
  say(
    table([{ name: `Namespace ${namespace}` }, right('Running'), right('Replayed'), right('Broken')], rows),
  );
  const broken = types.flatMap((type) => type.broken);
  for (const { workflowId, runId, problem } of broken.slice(0, SHOWN)) {
    say();
    say(`${workflowId} (run ${runId})`);
    say(`  ${problem.split('\n')[0] ?? ''}`);
  }
  if (broken.length > SHOWN) say(`… and ${broken.length - SHOWN} more`);
  say();
  if (broken.length === 0) return say('All of them go on with this code.');
  complain('This code must not be deployed to them: see "Changing workflow code" in docs/operations.md.');
  process.exitCode = 1;
}

const SHOWN = 10;

try {
  loadEnvironmentFile();
  await replay(program.parse().opts<{ from?: string; limit: number }>());
} catch (error) {
  complain(describeError(error));
  process.exitCode = USAGE_STATUS;
}
