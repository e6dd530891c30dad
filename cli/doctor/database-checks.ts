import { sql } from 'kysely';
import { check, type Finding, ok, problem } from '../../api/health/check.ts';
import { checkDatabase, MEND_DATABASE } from '../../api/health/database-checks.ts';
import { listPartitions } from '../../db/usage-partitions.ts';
import { hasSummedUsageIn } from '../../db/usage-totals.ts';
import { type BillingPeriod, periodClosedAt } from '../../domain/billing-period.ts';
import { isOlder, OLDEST_POSTGRES } from '../../domain/versions.ts';
import type { Area, DoctorParts } from './parts.ts';

/** The server, its schema, its clock, and the raw usage of the month that is billed next. */
export async function checkPostgres({ db, now = () => new Date() }: DoctorParts): Promise<Area> {
  const [shared, ...own] = await Promise.all([
    checkDatabase({ db, now }),
    check({ id: 'postgres_version', mend: MEND_DATABASE }, async () => {
      const { rows } = await sql<{ server_version: string }>`SHOW server_version`.execute(db);
      return postgresFinding(rows[0]?.server_version ?? '');
    }),
    check({ id: 'usage_partitions', mend: MEND_DATABASE }, async () => {
      const lastMonth = periodClosedAt(now());
      const [partitions, hasSummedUsage] = await Promise.all([
        listPartitions(db),
        hasSummedUsageIn(db, lastMonth),
      ]);
      return partitionsFinding(partitions, lastMonth, hasSummedUsage);
    }),
  ]);
  return { name: 'PostgreSQL', checks: [...shared, ...own] };
}

/** @param version as the server tells it, such as `18.1 (Debian 18.1-1)`. */
export function postgresFinding(version: string): Finding {
  return isOlder(version, OLDEST_POSTGRES)
    ? problem(
        `It is PostgreSQL ${version}, which nobody mends any more.`,
        `Upgrade it to ${OLDEST_POSTGRES} or newer.`,
      )
    : ok(`It is PostgreSQL ${version}; ${OLDEST_POSTGRES} is needed.`);
}

/** Partitions are made when usage comes; one of last month with totals and without events was dropped by somebody's hand. */
export function partitionsFinding(
  partitions: readonly BillingPeriod[],
  lastMonth: BillingPeriod,
  hasSummedUsage: boolean,
): Finding {
  if (hasSummedUsage && !partitions.includes(lastMonth)) {
    const table = `usage_events_${lastMonth.replace('-', '_')}`;
    return problem(
      `There are totals of ${lastMonth} but no raw usage: its bills can not be traced back any more.`,
      `Restore the table ${table} from a backup and attach it to usage_events.`,
    );
  }
  const [oldest] = partitions;
  return ok(
    oldest === undefined
      ? 'No usage other than storage has come in yet.'
      : `Raw usage is kept from ${oldest} on.`,
  );
}
