import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Logger } from 'pino';
import { STRIPE_VARIABLES } from '../config/mode-variables.ts';
import type { Database } from '../db/database.ts';
import type { Mode } from '../domain/mode.ts';
import type { OutlierRule } from '../domain/outlier.ts';
import type { StripeClient, StripeClients } from './stripe-client.ts';

/** What activities work with; made once by the worker and handed to each factory. */
export interface ActivityDependencies {
  readonly db: Database;
  readonly stripe: StripeClients;
  readonly log: Logger;
  readonly rules: BillingRules;
  /** Where the host product is told of changes, per mode; `null` where it does not want to be. */
  readonly hostHooks: Readonly<Record<Mode, HostHook | null>>;
  /** What test purchases buy (`prod_…` of test mode); `null`: the product of `credits`. */
  readonly testProductId: string | null;
  /** For signalling workflows. */
  readonly temporal: Client;
}

/** The host product's endpoint for messages, signed as https://www.standardwebhooks.com says. */
export interface HostHook {
  readonly url: string;
  /** `whsec_…`, base64 behind the prefix: each signs, so that the host may verify by any. */
  readonly secrets: readonly string[];
}

/** The house rules of billing, from the environment. */
export interface BillingRules {
  /** How long a customer who owes keeps access; 0 = not at all. */
  readonly graceMs: number;
  /** How long after a month's end its late events are waited for. */
  readonly collectionWindowMs: number;
  /** `required`: a person approves each month before anything is charged. */
  readonly approval: 'auto' | 'required';
  /** Which bills wait for a person before they are charged; `null`: none. */
  readonly holdOutliers: OutlierRule | null;
  /** How long after they are bought credits may be used; `null`: for ever. */
  readonly creditsExpireAfterMs: number | null;
  /** Let Stripe Tax add taxes to invoices. */
  readonly automaticTax: boolean;
}

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
