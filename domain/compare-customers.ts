import type { ComparedUsers } from './compared-user.ts';
import { type Drift, isUnderWay, proposed, type Repair, repaired } from './reconciliation-findings.ts';

/** A customer in Stripe. */
export interface ComparedCustomer {
  readonly id: string;
  /** What its metadata say whose it is; `null`: not made by us. */
  readonly userId: string | null;
  readonly defaultPaymentMethodId: string | null;
  /** Unix seconds. */
  readonly created: number;
}

/**
 * Stripe's customers against our users.
 *
 * @param have `withoutCustomer`: those of the users whom these customers name who have none: this database was put back to a backup.
 */
export function compareCustomers(
  customers: readonly ComparedCustomer[],
  {
    users,
    withoutCustomer,
  }: { readonly users: ComparedUsers; readonly withoutCustomer: ReadonlySet<string> },
  stripeNow: number,
): Drift[] {
  return customers.flatMap(({ id, userId: named, defaultPaymentMethodId, created }) => {
    const user = users.get(id);
    if (user === undefined) {
      if (named === null || isUnderWay(created, stripeNow)) return [];
      if (withoutCustomer.has(named)) {
        const what = `The customer ${id} is the user ${named}'s, who has none here.`;
        const about = { code: 'customer_missed', userId: named, objectId: id, what } as const;
        return [repaired(about, { type: 'adopt_customer', userId: named, stripeCustomerId: id })];
      }
      const what = `The customer ${id} says that it is the user ${named}'s, who is not here or has another customer.`;
      const proposal = `Delete ${id} in Stripe, unless another installation uses this account.`;
      return [proposed({ code: 'customer_unknown', userId: null, objectId: id, what }, proposal)];
    }
    if (user.defaultPaymentMethodId === defaultPaymentMethodId) return [];
    const what = `The default payment method of ${id} is ${defaultPaymentMethodId ?? 'none'} in Stripe, and ${user.defaultPaymentMethodId ?? 'none'} here.`;
    const about = { code: 'payment_method_changed', userId: user.userId, objectId: id, what } as const;
    return [repaired(about, { type: 'look', stripeCustomerId: id })];
  });
}

/**
 * Users whom a new payment method would help. Attaching one changes nothing of the customer, so that only its event tells of it: where
 * events are gone, these users are looked at, whatever the comparison says.
 */
export function looksForPaymentMethods(users: ComparedUsers): Repair[] {
  return [...users.values()].flatMap(({ waitingFor, stripeCustomerId }) =>
    waitingFor === 'payment_method' || waitingFor === 'payment' ? [{ type: 'look', stripeCustomerId }] : [],
  );
}
