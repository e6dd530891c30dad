import type { Client } from '@temporalio/client';
import type { StripeClient } from '../../activities/stripe-client.ts';
import type { Database } from '../../db/database.ts';
import type { Mode } from '../../domain/mode.ts';
import type { SimulatorControl } from '../../stack/simulator-control.ts';
import type { StripeEvents } from './stripe-events.ts';

/** Both modes' clients. */
export type BothStripeClients = { readonly [M in Mode]: StripeClient<M> };

/** The service as whoever plays the world reaches it: in a test's own process, or as a stack of programs. */
export interface RunningBilling {
  readonly db: Database;
  readonly temporal: Client;
  readonly stripe: BothStripeClients;
  /** What has come to pass in Stripe. */
  readonly events: StripeEvents;
  readonly apiUrl: string;
  readonly simulatorUrl: string;
  readonly simulator: SimulatorControl;
  readonly apiKeys: Readonly<Record<Mode, string>>;
  readonly adminPassword: string;
}
