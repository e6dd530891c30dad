import { type CustomerFilter, listCustomers } from '../../../db/customer-list.ts';
import type { Mode } from '../../../domain/mode.ts';
import type { ApiDependencies } from '../../dependencies.ts';
import { pageOf } from '../pages-of-lists.ts';

/** A page of a mode's users, in the order of their ids, and where the next one begins. */
export async function customersPage({ db }: Pick<ApiDependencies, 'db'>, mode: Mode, filter: CustomerFilter) {
  const customers = await listCustomers(db, mode, { ...filter, limit: filter.limit + 1 });
  const { rows, next } = pageOf(customers, filter.limit, ({ userId }) => userId);
  return {
    customers: rows.map(({ since, graceEndsAt, ...customer }) => ({
      ...customer,
      since: since.toISOString(),
      graceEndsAt: graceEndsAt?.toISOString() ?? null,
    })),
    next,
  };
}
