import { describeCustomer } from '../../../api/admin/customers/customer.ts';
import type { Customer } from '../../../api/admin/customers/schema.ts';
import type { ApiDependencies } from '../../../api/dependencies.ts';
import type { UserKey } from '../../../domain/customer-key.ts';
import type { Mode } from '../../../domain/mode.ts';
import { versionOf } from '../../changes.ts';
import { type Offers, offersOf } from './offers.ts';

/** All that the page of a customer shows. */
export interface CustomerView {
  readonly mode: Mode;
  readonly customer: Customer;
  readonly offers: Offers;
  /** Of the two parts that are live, what tells one state of them from another. */
  readonly versions: { readonly customer: string; readonly offers: string };
}

/** @throws HttpError `user_not_found`, `user_erased` */
export async function readCustomer(dependencies: ApiDependencies, key: UserKey): Promise<CustomerView> {
  const { now = () => new Date() } = dependencies;
  const customer = await describeCustomer(dependencies, key);
  const offers = offersOf(customer, now().getTime());
  return {
    mode: key.mode,
    customer,
    offers,
    versions: { customer: versionOf(customer), offers: versionOf(offers) },
  };
}
