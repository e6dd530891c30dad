import type { Client } from '@temporalio/client';
import type { StripeClients } from '../../activities/stripe-client.ts';
import type { Check } from '../../api/health/check.ts';
import type { ServiceConfig } from '../../config/config.ts';
import type { Database } from '../../db/database.ts';

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

/** Stripe is far away, and some requests go one after the other. */
export const STRIPE_DEADLINE_MS = 15_000;
