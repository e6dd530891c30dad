import { sql } from 'kysely';
import { OWED_STATUSES } from '../domain/bill.ts';
import type { BillingStatus, WaitingFor } from '../domain/customer-standing.ts';
import type { Mode } from '../domain/mode.ts';
import { type Database, exactInteger } from './database.ts';

/** Which customers a page of the list shows: those that fit all that is given, in the order of their ids. */
export interface CustomerFilter {
  /** A part of a user's id, e-mail or name in any case, or a whole `cus_…`. */
  readonly search?: string | undefined;
  readonly status?: BillingStatus | undefined;
  readonly waitingFor?: WaitingFor | undefined;
  /** The last user of the page before. */
  readonly afterUserId?: string | undefined;
  readonly limit: number;
}

/** A user as a list shows them. */
export interface ListedCustomer {
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  readonly stripeCustomerId: string | null;
  readonly status: BillingStatus;
  readonly waitingFor: WaitingFor | null;
  readonly reason: string;
  readonly since: Date;
  readonly clusterId: string | null;
  readonly graceEndsAt: Date | null;
  readonly owedCents: number;
}

/**
 * A mode's users in the order of their ids. A part of an id, an e-mail or a name is looked for in one after the other: where few
 * have it, three seconds for a million. All else is found by an index.
 */
export async function listCustomers(
  db: Database,
  mode: Mode,
  { search, status, waitingFor, afterUserId = '', limit }: CustomerFilter,
): Promise<ListedCustomer[]> {
  const rows = await db
    .selectFrom('users')
    .leftJoinLateral(
      (bills) =>
        bills
          .selectFrom('bills')
          .select((query) => query.fn.sum<string>('total_cents').as('owed'))
          .whereRef('bills.mode', '=', 'users.mode')
          .whereRef('bills.user_id', '=', 'users.user_id')
          .where('bills.status', 'in', OWED_STATUSES)
          .as('unpaid'),
      (join) => join.onTrue(),
    )
    .select([
      'users.user_id',
      'email',
      'name',
      'stripe_customer_id',
      'users.status',
      'waiting_for',
      'status_reason',
      'status_since',
      'cluster_id',
      'grace_ends_at',
      'owed',
    ])
    .where('users.mode', '=', mode)
    .where('users.user_id', '>', afterUserId)
    .$if(status !== undefined, (users) => users.where('users.status', '=', status ?? 'none'))
    .$if(waitingFor !== undefined, (users) => users.where('waiting_for', '=', waitingFor ?? null))
    .$if(search !== undefined, (users) => users.where(fits(search ?? '')))
    .orderBy('users.user_id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    userId: row.user_id,
    email: row.email,
    name: row.name,
    stripeCustomerId: row.stripe_customer_id,
    status: row.status,
    waitingFor: row.waiting_for,
    reason: row.status_reason,
    since: row.status_since,
    clusterId: row.cluster_id,
    graceEndsAt: row.grace_ends_at,
    owedCents: exactInteger(row.owed ?? '0'),
  }));
}

/** By position, not by LIKE: of what is looked for no character means anything else. */
function fits(search: string) {
  if (search.startsWith('cus_')) return sql<boolean>`stripe_customer_id = ${search}`;
  const has = (column: string) => sql<boolean>`strpos(lower(${sql.ref(column)}), lower(${search})) > 0`;
  return sql<boolean>`(${has('users.user_id')} OR ${has('email')} OR ${has('name')})`;
}
