import type { RunningBilling } from '../../chaos/world/running-billing.ts';
import { reachStack } from '../../chaos/world/stack-billing.ts';
import type { EnvironmentVariables } from '../../config/environment.ts';
import { startReaper } from '../../stack/reaper.ts';
import type { PartName } from '../../stack/stack.ts';
import type { StackPart } from '../../stack/supervised-part.ts';
import { startThrowAwayStack } from '../../stack/throw-away-stack.ts';

/** The service on parts of its own, any of which can go and come back while the others run. */
export interface Drill extends RunningBilling {
  /** A secret, for connections of a drill's own. */
  readonly databaseUrl: string;
  readonly parts: Readonly<Record<'postgres' | 'temporal' | 'stripe' | 'api' | 'worker', StackPart>>;
  /** Parts that ended without the drill's doing, and how: an outage of one must not end another. */
  readonly endedByThemselves: readonly string[];
  stop(): Promise<void>;
}

/** @param variables more of the environment of api and worker. */
export async function startDrill(variables: EnvironmentVariables = {}): Promise<Drill> {
  const reaper = startReaper();
  const ended: string[] = [];
  try {
    const stack = await startThrowAwayStack(reaper, {
      variables: {
        LOG_LEVEL: 'warn',
        STRIPE_BATCH_REQUESTS_PER_SECOND: '1000',
        BILLING_COLLECTION_WINDOW: '0',
        ...variables,
      },
      onFailure: (part, how) => ended.push(`${part}: ${how}`),
    });
    const part = (name: PartName): StackPart => {
      const found = stack.parts.get(name);
      if (found === undefined) throw new Error(`there is no ${name}`);
      return found;
    };
    const service = reachStack(stack.file);
    return {
      ...service,
      databaseUrl: stack.file.databaseUrl,
      parts: {
        postgres: part('PostgreSQL'),
        temporal: part('Temporal'),
        stripe: part('Stripe simulator'),
        api: part('api'),
        worker: part('worker'),
      },
      endedByThemselves: ended,
      stop: async () => {
        await service[Symbol.asyncDispose]();
        // Ends what runs still, and deletes the folder.
        await reaper.close();
      },
    };
  } catch (error) {
    await reaper.close();
    throw error;
  }
}
