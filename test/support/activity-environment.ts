import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import {
  type BatchActivities,
  type BillingActivities,
  createBatchActivities,
  createBillingActivities,
} from '../../activities/activities.ts';
import type { ActivityDependencies, BillingRules } from '../../activities/dependencies.ts';
import { StripeErrorInterceptor } from '../../activities/stripe-errors.ts';
import { setUpStripe } from '../../activities/stripe-setup.ts';
import type { Database } from '../../db/database.ts';
import { MODES } from '../../domain/mode.ts';
import { createTestDatabase } from './database.ts';
import { startTestSimulator, type TestSimulator } from './simulator.ts';

/** The activities on a database and a Stripe of a test file's own, both modes set up. */
export interface ActivityTestEnvironment {
  readonly db: Database;
  readonly simulator: TestSimulator;
  readonly activities: BillingActivities & BatchActivities;
  /** Activities with other clients or house rules, on the same database. */
  activitiesWith(overrides: Partial<ActivityDependencies>): BillingActivities & BatchActivities;
  close(): Promise<void>;
}

export const TEST_RULES: BillingRules = {
  graceMs: 7 * 24 * 60 * 60_000,
  collectionWindowMs: 0,
  approval: 'auto',
  automaticTax: false,
};

export async function startActivityEnvironment(): Promise<ActivityTestEnvironment> {
  const [database, simulator] = await Promise.all([createTestDatabase(), startTestSimulator()]);
  const { db } = database;
  for (const mode of MODES) await setUpStripe(db, simulator.stripe[mode], mode);
  const dependencies: ActivityDependencies = {
    db,
    stripe: simulator.stripe,
    log: pino({ level: 'silent' }),
    rules: TEST_RULES,
  };
  const activitiesWith = (overrides: Partial<ActivityDependencies>): BillingActivities & BatchActivities => ({
    ...createBillingActivities({ ...dependencies, ...overrides }),
    ...createBatchActivities({ ...dependencies, ...overrides }),
  });
  return {
    db,
    simulator,
    activities: activitiesWith({}),
    activitiesWith,
    close: async () => {
      await simulator.stop();
      await database.drop();
    },
  };
}

/** Runs an activity once as the worker does: with a context, and with Stripe's errors mapped. */
export async function runOnce<I, R>(activity: (input: I) => Promise<R>, input: I): Promise<R> {
  const environment = new MockActivityEnvironment(undefined, {
    interceptors: [() => ({ inbound: new StripeErrorInterceptor() })],
  });
  return await environment.run(activity, input);
}

/** What an activity came to, and on which attempt. */
export interface Outcome<R> {
  readonly result: R;
  readonly attempts: number;
}

/**
 * Runs an activity as Temporal does: again after each failure, unless the failure says that it must not be.
 *
 * @throws the last failure, when it is not to be retried or `maxAttempts` are used up.
 */
export async function runWithRetries<I, R>(
  activity: (input: I) => Promise<R>,
  input: I,
  maxAttempts = 4,
): Promise<Outcome<R>> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return { result: await runOnce(activity, input), attempts };
    } catch (error) {
      if (attempts === maxAttempts || isFinal(error)) throw error;
    }
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof ApplicationFailure && error.nonRetryable === true;
}
