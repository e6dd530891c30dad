import path from 'node:path';
import colors from 'picocolors';
import {
  accountProblems,
  adminProblems,
  DEFAULT_PORT,
  hostHookProblems,
  stripeProblems,
} from '../config/config.ts';
import { ConfigurationError, parseEnvironment } from '../config/environment.ts';
import { inheritedEnvironment } from '../config/machine.ts';
import { dataDirectory } from '../config/stack-file.ts';
import { reservePort } from '../stack/ports.ts';
import type { Stack } from '../stack/stack.ts';
import { ADMIN_PATH } from '../web/admin/tabs.ts';
import { demoAccountLink } from './account-link.ts';
import { complain, describeError, say } from './console.ts';
import { loadEnvironmentFile } from './environment-file.ts';
import { runOnStack } from './run-stack.ts';

/** `npm start`: everything on fixed ports, with data kept in `$DATA_DIR`, until Ctrl-C. */
async function main(): Promise<void> {
  loadEnvironmentFile();
  const variables = inheritedEnvironment();
  const environment = parseEnvironment(variables);
  const problems = [
    ...stripeProblems(environment),
    ...hostHookProblems(environment),
    ...adminProblems(environment),
    ...accountProblems(environment),
  ];
  if (problems.length > 0) throw new ConfigurationError(problems);
  const ports = {
    api: await reservePort('PORT', environment.PORT ?? DEFAULT_PORT),
    postgres: await reservePort('POSTGRES_PORT', environment.POSTGRES_PORT ?? 5_433),
    temporal: await reservePort('TEMPORAL_PORT', environment.TEMPORAL_PORT ?? 7_233),
    temporalUi: await reservePort('TEMPORAL_UI_PORT', environment.TEMPORAL_UI_PORT ?? 8_233),
    stripeSimulator: await reservePort('STRIPE_SIMULATOR_PORT', environment.STRIPE_SIMULATOR_PORT ?? 12_111),
  };
  const dataDir = dataDirectory(environment.DATA_DIR);
  await runOnStack(
    {
      title: 'Durable Billing',
      dataDir,
      ports,
      variables,
      durability: 'full',
      throwAway: false,
      interruptedStatus: 0,
    },
    async (stack, logFile) => {
      await describe(stack, dataDir, logFile);
      await new Promise(() => undefined); // until Ctrl-C
    },
  );
}

async function describe({ file }: Stack, dataDir: string, logFile: string): Promise<void> {
  const { apiBase } = file.stripe;
  const stripe = apiBase === null ? 'the real one' : `${apiBase} (what came in: ${apiBase}/_sim/requests)`;
  say();
  say(`  API              ${file.apiUrl}`);
  say(`  Admin page       ${file.apiUrl}${ADMIN_PATH}`);
  const account = await demoAccountLink(file);
  if (account !== null) say(`  Account page     ${account} (a demo user, once, within 10 minutes)`);
  say(`  Temporal Web UI  ${file.temporalUiUrl ?? 'where your Temporal server has it'}`);
  say(`  Stripe           ${stripe}`);
  say(`  Keys             ${path.join(dataDir, 'stack.json')}`);
  say(`  Log              ${logFile}`);
  say(colors.dim('\nCtrl-C stops all of it; the data stay.'));
}

try {
  await main();
} catch (error) {
  complain(describeError(error));
  process.exit(1);
}
