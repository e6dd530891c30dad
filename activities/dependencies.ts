import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Logger } from 'pino';
import type { HostHookConfig, HouseRules } from '../config/config.ts';
import { STRIPE_VARIABLES } from '../config/mode-variables.ts';
import type { Database } from '../db/database.ts';
import type { Mode } from '../domain/mode.ts';
import type { StripeClient, StripeClients } from './stripe-client.ts';

/** What activities work with; made once by the worker and handed to each factory. */
export interface ActivityDependencies {
  readonly db: Database;
  readonly stripe: StripeClients;
  readonly log: Logger;
  readonly rules: BillingRules;
  /** Where the host product is told of changes, per mode; `null` where it does not want to be. */
  readonly hostHooks: Readonly<Record<Mode, HostHookConfig | null>>;
  /** What test purchases buy (`prod_…` of test mode); `null`: the product of `credits`. */
  readonly testProductId: string | null;
  /** For signalling workflows. */
  readonly temporal: Client;
}

/** The rules of the house, and what Stripe is to do beyond them. */
export type BillingRules = HouseRules & {
  /** Let Stripe Tax add taxes to invoices. */
  readonly automaticTax: boolean;
};

/** @throws ApplicationFailure (retryable, since an operator may add the key and restart) when the mode has no secret key. */
export function stripeOf<M extends Mode>(
  dependencies: Pick<ActivityDependencies, 'stripe'>,
  mode: M,
): StripeClient<M> {
  const client = dependencies.stripe[mode];
  if (client !== null) return client;
  throw ApplicationFailure.create({
    message: `There is no Stripe key for ${mode} mode; set ${STRIPE_VARIABLES[mode].key}`,
    type: 'ModeNotConfigured',
  });
}

/** Unix seconds, as Stripe dates things. */
export const unixSeconds = (instant: Date): number => Math.floor(instant.getTime() / 1_000);
