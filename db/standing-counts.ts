import { type OpenBillStatus, OWED_STATUSES, TO_INVOICE_STATUSES } from '../domain/bill.ts';
import type { BillingStatus, WaitingFor } from '../domain/customer-standing.ts';
import type { Mode } from '../domain/mode.ts';
import { type Database, exactInteger } from './database.ts';

/** How a service stands as a whole, in both modes; what there is none of is missing. */
export interface StandingCounts {
  readonly customers: readonly {
    readonly mode: Mode;
    readonly status: BillingStatus;
    readonly count: number;
  }[];
  readonly waiting: readonly {
    readonly mode: Mode;
    readonly waitingFor: WaitingFor;
    readonly count: number;
  }[];
  readonly bills: readonly OpenBills[];
}

/** Bills of one status, of whatever month. */
export interface OpenBills {
  readonly mode: Mode;
  readonly status: OpenBillStatus;
  readonly count: number;
  /** What Stripe is to collect for them, in cents. */
  readonly cents: number;
}

/**
 * Counts users by `users_by_status` and `users_by_what_they_wait_for`, without reading the users themselves; and bills by
 * `bills_not_done` and `bills_that_wait`, which leave out those that are done with.
 */
export async function countStandings(db: Database): Promise<StandingCounts> {
  const customers = await db
    .selectFrom('users')
    .select((query) => ['mode', 'status', query.fn.countAll<number>().as('count')])
    .groupBy(['mode', 'status'])
    .execute();
  const waiting = await db
    .selectFrom('users')
    .select((query) => ['mode', 'waiting_for as waitingFor', query.fn.countAll<number>().as('count')])
    .where('waiting_for', 'is not', null)
    .groupBy(['mode', 'waiting_for'])
    .$narrowType<{ waitingFor: WaitingFor }>()
    .execute();
  // Each index holds some statuses, so one query for all five would read the whole table.
  const bills = [
    ...(await sumBills(db, [...TO_INVOICE_STATUSES, ...OWED_STATUSES])),
    ...(await sumBills(db, ['held'])),
  ];
  return { customers, waiting, bills };
}

async function sumBills(db: Database, statuses: readonly OpenBillStatus[]): Promise<OpenBills[]> {
  const rows = await db
    .selectFrom('bills')
    .select((query) => [
      'mode',
      'status',
      query.fn.countAll<number>().as('count'),
      query.fn.sum<string>('total_cents').as('cents'),
    ])
    .where('status', 'in', statuses)
    .groupBy(['mode', 'status'])
    .$narrowType<{ status: OpenBillStatus }>()
    .execute();
  return rows.map((row) => ({ ...row, cents: exactInteger(row.cents) }));
}
