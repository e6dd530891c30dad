import { dropUsageEvents } from '../db/usage-partitions.ts';
import type { BillingPeriod } from '../domain/billing-period.ts';
import { say } from './console.ts';
import type { CliContext } from './context.ts';

/**
 * Drops the raw usage events of all months before `before`, of both modes; bills stay as they are.
 *
 * @throws UsageStillTakenError when events of those months are still taken.
 */
export async function dropUsageBefore(context: CliContext, before: BillingPeriod): Promise<void> {
  const dropped = await context.withDatabase((db) => dropUsageEvents(db, before));
  say(
    dropped.length === 0
      ? `There are no raw usage events from before ${before}.`
      : `The raw usage events of ${dropped.join(', ')} are gone. Totals, storage levels and bills are as they were.`,
  );
}
