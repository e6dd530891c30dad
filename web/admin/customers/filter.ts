import type { Request } from 'express';
import type { z } from 'zod';
import { customersQuerySchema } from '../../../api/admin/customers/schema.ts';
import { parse } from '../../../api/validation.ts';
import type { Mode } from '../../../domain/mode.ts';
import { modeOfQuery, textOfQuery } from '../../request-values.ts';
import { tabPath } from '../tabs.ts';

/** Which customers the list shows. */
export interface ListedCustomers extends z.output<typeof customersQuerySchema> {
  readonly mode: Mode;
}

const PARAMETERS = ['search', 'status', 'waitingFor', 'after'] as const;

/**
 * As the form and the links of the list say it; a field that was left empty asks for nothing.
 *
 * @throws HttpError `invalid_parameter`
 */
export function filterOf(request: Request): ListedCustomers {
  const given = PARAMETERS.map((name) => [name, textOfQuery(request, name)] as const);
  const query = Object.fromEntries(given.filter(([, value]) => value !== ''));
  return { mode: modeOfQuery(request), ...parse(customersQuerySchema, query, 'query') };
}

/** Whether it leaves anybody of the mode out. */
export function isNarrowed({ search, status, waitingFor }: ListedCustomers): boolean {
  return [search, status, waitingFor].some((each) => each !== undefined);
}

/** The address of the list with this filter. */
export function listPath(
  filter: Partial<Omit<ListedCustomers, 'limit'>> & Pick<ListedCustomers, 'mode'>,
): string {
  const query = new URLSearchParams({ mode: filter.mode });
  for (const name of PARAMETERS) {
    const value = filter[name];
    if (value !== undefined) query.set(name, value);
  }
  return `${tabPath('customers')}?${query.toString()}`;
}
