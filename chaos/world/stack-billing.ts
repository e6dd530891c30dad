import { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { createStripeClient } from '../../activities/stripe-client.ts';
import { connectLazily } from '../../api/temporal/connection.ts';
import type { StackFile } from '../../config/stack-file.ts';
import { openDatabase } from '../../db/database.ts';
import { SimulatorControl } from '../../stack/simulator-control.ts';
import type { RunningBilling } from './running-billing.ts';
import { StripeEvents } from './stripe-events.ts';

/** Reaches the service that runs as a stack of programs, with connections that outlive each of them. */
export function reachStack(
  file: StackFile,
  dataConverter: DataConverter = {},
): RunningBilling & AsyncDisposable {
  const { apiBase, live, test } = file.stripe;
  if (apiBase === null || live === null || test === null)
    throw new Error('The world is played on the Stripe simulator, in both modes.');
  const { connection, close } = connectLazily({ address: file.temporalAddress });
  const db = openDatabase(file.databaseUrl);
  const stripe = {
    live: createStripeClient({ mode: 'live', secretKey: live.secretKey, apiBase }),
    test: createStripeClient({ mode: 'test', secretKey: test.secretKey, apiBase }),
  };
  return {
    db,
    temporal: new Client({ connection, namespace: file.temporalNamespace, dataConverter }),
    stripe,
    events: new StripeEvents(stripe),
    apiUrl: file.apiUrl,
    simulatorUrl: apiBase,
    simulator: new SimulatorControl(apiBase),
    apiKeys: { live: file.apiKey, test: file.testApiKey },
    adminPassword: file.adminPassword ?? '',
    [Symbol.asyncDispose]: async () => {
      // Somebody may still wait for what does not end.
      await close();
      await db.destroy();
    },
  };
}
