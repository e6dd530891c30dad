import type { Client } from '@temporalio/client';
import type { StripeClient } from '../activities/stripe-client.ts';
import { HttpError } from '../api/errors.ts';
import { loadServiceConfig, type ServiceConfig } from '../config/config.ts';
import { parseEnvironment } from '../config/environment.ts';
import { inheritedEnvironment } from '../config/machine.ts';
import { STRIPE_VARIABLES } from '../config/mode-variables.ts';
import { dataDirectory, readStackFile } from '../config/stack-file.ts';
import { loadTemporalConfig } from '../config/temporal.ts';
import { type Database, openDatabase } from '../db/database.ts';
import { migrateToLatest } from '../db/migrate.ts';
import type { Mode } from '../domain/mode.ts';
import type { TemporalUi } from '../domain/workflow-link.ts';
import { childEnvironment } from '../stack/environment.ts';

/** The command can't be done as it was called; the message says how to call it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * What `npm run billing` talks to: the stack that `npm start` runs, or the parts that the environment configures. Temporal's and
 * Stripe's modules are loaded when they are needed: most commands need neither, and would wait for both.
 */
export interface CliContext {
  readonly config: ServiceConfig;
  /** The development server that `npm start` runs, for no other is configured. */
  readonly isTemporalEmbedded: boolean;
  /** @throws UsageError when the mode has no secret key. */
  stripe<M extends Mode>(mode: M): Promise<StripeClient<M>>;
  readonly links: TemporalUi;
  /** Brings the database to the newest schema first, so that no command meets one that is older than itself. */
  withDatabase<Result>(work: (db: Database) => Promise<Result>): Promise<Result>;
  withTemporal<Result>(work: (temporal: Client) => Promise<Result>): Promise<Result>;
}

/** @throws ConfigurationError when there is no stack and the environment configures not all of what is needed. */
export async function openContext(webhookSecrets: 'required' | 'optional' = 'required'): Promise<CliContext> {
  const variables = inheritedEnvironment();
  const stack = await readStackFile(dataDirectory(parseEnvironment(variables).DATA_DIR));
  const config = loadServiceConfig(
    stack === undefined ? variables : childEnvironment(variables, stack),
    webhookSecrets,
  );
  const { namespace, connectionOptions } = config.temporal;
  return {
    config,
    isTemporalEmbedded: stack !== undefined && loadTemporalConfig(variables) === null,
    links: { temporalUiUrl: config.temporalUiUrl, temporalNamespace: namespace },
    async stripe(mode) {
      const settings = config.stripe.modes[mode];
      if (settings !== null) {
        const { createStripeClient } = await import('../activities/stripe-client.ts');
        return createStripeClient({ mode, secretKey: settings.secretKey, apiBase: config.stripe.apiBase });
      }
      throw new UsageError(`There is no Stripe key for ${mode} mode; set ${STRIPE_VARIABLES[mode].key}`);
    },
    async withDatabase(work) {
      const db = openDatabase(config.databaseUrl, { maxConnections: 2 });
      try {
        await migrateToLatest(db);
        return await work(db);
      } finally {
        await db.destroy();
      }
    },
    async withTemporal(work) {
      const { Client, Connection } = await import('@temporalio/client');
      const connection = await Connection.connect(connectionOptions);
      try {
        const { dataConverterOf } = await import('../temporal/data-converter.ts');
        return await work(
          new Client({ connection, namespace, dataConverter: dataConverterOf(config.payloadKeys) }),
        );
      } finally {
        await connection.close();
      }
    },
  };
}

/** Whether Temporal's client threw an error of this class: by its name, for the class would have to be loaded. */
export function isTemporalError(error: unknown, name: 'WorkflowNotFoundError'): error is Error {
  return error instanceof Error && error.name === name;
}

/** @throws UsageError with what a workflow says, when it refuses a decision. */
export async function inItsWords<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof HttpError && error.code === 'decision_refused') throw new UsageError(error.message);
    throw error;
  }
}
