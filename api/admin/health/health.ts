import type { z } from 'zod';
import type { ApiDependencies } from '../../dependencies.ts';
import { readLastMonths } from '../../month-metrics.ts';
import { checkBilling } from './billing-checks.ts';
import { checkDatabase } from './database-checks.ts';
import type { healthSchema } from './schema.ts';
import { checkTemporal } from './temporal-checks.ts';

export type Health = z.output<typeof healthSchema>;

export type ReadHealth = () => Promise<Health>;

/** Makes what looks at everything at once; it answers within seconds, whatever is down. One for each process. */
export function healthReader(dependencies: ApiDependencies): ReadHealth {
  const { now = () => new Date() } = dependencies;
  const lastMonths = readLastMonths(dependencies);
  return async () => {
    const lookedAt = now().toISOString();
    const checks = await Promise.all([
      checkDatabase(dependencies),
      checkTemporal(dependencies),
      checkBilling(dependencies, lastMonths),
    ]);
    const all = checks.flat();
    const states = new Set(all.map(({ state }) => state));
    const state = states.has('failed') ? 'failed' : states.has('attention') ? 'attention' : 'ok';
    return { state, lookedAt, checks: all };
  };
}
