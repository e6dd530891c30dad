import type { Client } from '@temporalio/client';
import type { StripeClients } from '../../activities/stripe-client.ts';
import type { Check } from '../../api/health/check.ts';
import type { ServiceConfig } from '../../config/config.ts';
import type { Database } from '../../db/database.ts';
import type { Mode } from '../../domain/mode.ts';

/** All that the doctor looks at. It only reads: nothing is written, sent or migrated. */
export interface DoctorParts {
  readonly config: Pick<ServiceConfig, 'stripe' | 'hostHooks'>;
  readonly db: Database;
  readonly temporal: Client;
  /** Temporal's development server, as `npm start` runs it. */
  readonly isTemporalEmbedded: boolean;
  /** `null` for a mode without a key. */
  readonly stripe: StripeClients;
  /** Where the api is, without a path. */
  readonly apiUrl: string;
  /** Of Node, without the `v`. */
  readonly nodeVersion: string;
  /** The clock, for tests. */
  readonly now?: () => Date;
}

/** The checks of one part; the first of them says whether it is there at all. */
export interface Area {
  readonly name: string;
  readonly checks: readonly Check[];
}

/** Stripe's environment variables of each mode. */
export const STRIPE_VARIABLES: Readonly<
  Record<Mode, { readonly key: string; readonly webhookSecret: string }>
> = {
  live: { key: 'STRIPE_SECRET_KEY', webhookSecret: 'STRIPE_WEBHOOK_SECRET' },
  test: { key: 'STRIPE_TEST_SECRET_KEY', webhookSecret: 'STRIPE_TEST_WEBHOOK_SECRET' },
};

/** Stripe is far away, and some requests go one after the other. */
export const STRIPE_DEADLINE_MS = 15_000;
