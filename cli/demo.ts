import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import colors from 'picocolors';
import { createStripeClient } from '../activities/stripe-client.ts';
import { inheritedEnvironment } from '../config/machine.ts';
import { periodClosedAt } from '../domain/billing-period.ts';
import { freePort } from '../process/free-port.ts';
import { withoutOurs } from '../stack/environment.ts';
import { SimulatorControl } from '../stack/simulator-control.ts';
import type { Stack } from '../stack/stack.ts';
import { complain, describeError, say } from './console.ts';
import { printReport } from './demo/report.ts';
import { check } from './demo/service.ts';
import { playStory } from './demo/story.ts';
import { runOnStack } from './run-stack.ts';

/** `npm run demo [-- --keep]`: the whole story on an embedded stack of its own, which is gone afterwards. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });
  const ports = {
    api: await freePort(),
    postgres: await freePort(),
    temporal: await freePort(),
    temporalUi: await freePort(),
    stripeSimulator: await freePort(),
  };
  const dataDir = await mkdtemp(path.join(tmpdir(), 'durable-billing-demo-'));
  await chmod(dataDir, 0o755); // PostgreSQL may run as a user of its own, which must be able to walk in.
  await runOnStack(
    {
      title: 'Durable Billing: the whole story, on real parts',
      dataDir,
      ports,
      // Nothing that is configured here may be met by a demo: neither a real key nor a real database. The month is closed at once.
      variables: { ...withoutOurs(inheritedEnvironment()), BILLING_COLLECTION_WINDOW: '0' },
      durability: 'off',
      throwAway: true,
      interruptedStatus: 130,
    },
    async (stack) => {
      await play(stack);
      if (!values.keep) return;
      say(colors.dim('\nThe stack runs on, to be looked at. Ctrl-C stops it.'));
      await new Promise(() => undefined);
    },
  );
}

async function play({ file }: Stack): Promise<void> {
  const { apiBase, live } = file.stripe;
  check(apiBase !== null && live !== null, 'the demo runs on the Stripe simulator');
  const period = periodClosedAt(new Date());
  const connection = await Connection.connect({ address: file.temporalAddress });
  try {
    const temporal = new Client({ connection, namespace: file.temporalNamespace });
    const simulator = new SimulatorControl(apiBase);
    const stripe = createStripeClient({ mode: 'live', secretKey: live.secretKey, apiBase });
    say();
    const outcome = await playStory({ stack: file, simulator, temporal, stripe }, period);
    printReport(file, period, outcome);
    say(colors.green('\nEverything is as it must be.'));
  } finally {
    await connection.close();
  }
}

try {
  await main();
} catch (error) {
  complain(describeError(error));
  process.exit(1);
}
