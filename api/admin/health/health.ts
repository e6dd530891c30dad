import type { z } from 'zod';
import type { ApiDependencies } from '../../dependencies.ts';
import { worstOf } from '../../health/check.ts';
import { checkDatabase } from '../../health/database-checks.ts';
import { checkTemporal } from '../../health/temporal-checks.ts';
import { configuredModes } from '../../mode-configuration.ts';
import type { ReadLastMonths } from '../../month-metrics.ts';
import { checkBilling } from './billing-checks.ts';
import type { healthSchema } from './schema.ts';

/** All checks, and the worst state among them; what `GET /api/admin/health` answers and the tab Health shows. */
export type Health = z.output<typeof healthSchema>;

/** Looks anew each time it is called, and answers within seconds, whatever is down. */
export type ReadHealth = () => Promise<Health>;

/** Makes what looks at everything at once; it answers within seconds, whatever is down. */
export function healthReader(dependencies: ApiDependencies, lastMonths: ReadLastMonths): ReadHealth {
  const { temporal, webhookSecrets, now = () => new Date() } = dependencies;
  return async () => {
    const lookedAt = now().toISOString();
    const checks = await Promise.all([
      checkDatabase(dependencies),
      checkTemporal({ temporal, modes: configuredModes(webhookSecrets) }),
      checkBilling(dependencies, lastMonths),
    ]);
    const all = checks.flat();
    return { state: worstOf(all), lookedAt, checks: all };
  };
}
