import type { BillingPeriod } from '../domain/billing-period.ts';
import type { Mode } from '../domain/mode.ts';
import type { Database } from './database.ts';

/** How many of a month's bills are parked, or held. */
export interface WaitingBills {
  readonly period: BillingPeriod;
  readonly status: 'parked' | 'held';
  readonly bills: number;
}

/** How many bills of each month wait for a person; months without are missing. */
export async function countWaitingBills(db: Database, mode: Mode): Promise<WaitingBills[]> {
  return await db
    .selectFrom('bills')
    .select((query) => ['period', 'status', query.fn.countAll<number>().as('bills')])
    .where('mode', '=', mode)
    .where('status', 'in', ['parked', 'held'])
    .groupBy(['period', 'status'])
    .orderBy('period')
    .orderBy('status')
    .$narrowType<{ status: 'parked' | 'held' }>()
    .execute();
}
