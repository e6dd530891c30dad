import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { pino } from 'pino';
import { afterAll, beforeAll, inject } from 'vitest';
import {
  type BatchActivities,
  type BillingActivities,
  type ChargeActivities,
  createBatchActivities,
  createBillingActivities,
  createChargeActivities,
  createReconciliationReads,
  type ReconciliationReads,
} from '../../activities/activities.ts';
import type { ActivityDependencies, BillingRules } from '../../activities/dependencies.ts';
import { setUpStripe } from '../../activities/stripe-setup.ts';
import type { Database } from '../../db/database.ts';
import { MODES } from '../../domain/mode.ts';
import { StripeErrorInterceptor } from '../../worker/stripe-error-interceptor.ts';
import { createTestDatabase } from './database.ts';
import { startTestSimulator, type TestSimulator } from './simulator.ts';

type AllActivities = BillingActivities & BatchActivities & ChargeActivities & ReconciliationReads;

/** The activities on a database and a Stripe of a test file's own, both modes set up. */
export interface ActivityTestEnvironment {
  readonly db: Database;
  readonly simulator: TestSimulator;
  /** Whose workflows nobody runs. */
  readonly temporal: Client;
  readonly activities: AllActivities;
  /** Activities with other clients or house rules, on the same database. */
  activitiesWith(overrides: Partial<ActivityDependencies>): AllActivities;
}

/** One that whoever started it must close. */
interface StartedActivityEnvironment extends ActivityTestEnvironment {
  close(): Promise<void>;
}

/** Seven days of grace; a month is billed at once and without approval, nothing held; credits never expire; no tax. */
export const TEST_RULES: BillingRules = {
  graceMs: 7 * 24 * 60 * 60_000,
  collectionWindowMs: 0,
  approval: 'auto',
  holdOutliers: null,
  creditsExpireAfterMs: null,
  automaticTax: false,
};

/** Starts one for as long as the caller wants; {@link useActivityEnvironment} is for whole files. */
export async function startActivityEnvironment(): Promise<StartedActivityEnvironment> {
  const [database, simulator] = await Promise.all([createTestDatabase(), startTestSimulator()]);
  const { db } = database;
  for (const mode of MODES) await setUpStripe(db, simulator.stripe[mode], mode);
  const dependencies: ActivityDependencies = {
    db,
    stripe: simulator.stripe,
    log: pino({ level: 'silent' }),
    rules: TEST_RULES,
    hostHooks: { live: null, test: null },
    testProductId: null,
    temporal: new Client({ connection: Connection.lazy({ address: inject('temporalAddress') }) }),
  };
  const activitiesWith = (overrides: Partial<ActivityDependencies>): AllActivities => ({
    ...createBillingActivities({ ...dependencies, ...overrides }),
    ...createBatchActivities({ ...dependencies, ...overrides }),
    ...createChargeActivities({ ...dependencies, ...overrides }),
    ...createReconciliationReads({ ...dependencies, ...overrides }),
  });
  return {
    db,
    simulator,
    temporal: dependencies.temporal,
    activities: activitiesWith({}),
    activitiesWith,
    close: async () => {
      await dependencies.temporal.connection.close();
      await simulator.stop();
      await database.drop();
    },
  };
}

/**
 * Starts an environment before the first test of the file, and closes it after the last. What is returned is to be looked into in tests
 * and hooks only: there is nothing in it before.
 */
export function useActivityEnvironment(): ActivityTestEnvironment {
  let environment: StartedActivityEnvironment;
  beforeAll(async () => {
    environment = await startActivityEnvironment();
  });
  afterAll(() => environment.close());
  return {
    get db() {
      return environment.db;
    },
    get simulator() {
      return environment.simulator;
    },
    get temporal() {
      return environment.temporal;
    },
    get activities() {
      return environment.activities;
    },
    activitiesWith: (overrides) => environment.activitiesWith(overrides),
  };
}

/** A failed attempt is what most of these tests are about: no line for each. */
const QUIET = new DefaultLogger('ERROR');

/**
 * Runs an activity once as the worker does: with a context, and with Stripe's errors mapped.
 *
 * @example
 * await runOnce(() => activities.registerCustomer({ mode, userId }));
 *
 * @param runId of the workflow that it is an attempt for; a new one unless given.
 */
export async function runOnce<R>(call: () => Promise<R>, runId: string = randomUUID()): Promise<R> {
  const info = { workflowExecution: { workflowId: 'test', runId } };
  const environment = new MockActivityEnvironment(info, {
    logger: QUIET,
    interceptors: [() => ({ inbound: new StripeErrorInterceptor() })],
  });
  return await environment.run(call);
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
export async function runWithRetries<R>(call: () => Promise<R>, maxAttempts = 4): Promise<Outcome<R>> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return { result: await runOnce(call), attempts };
    } catch (error) {
      if (attempts === maxAttempts || isFinal(error)) throw error;
    }
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof ApplicationFailure && error.nonRetryable === true;
}
