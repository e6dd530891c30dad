import { newId } from '../ids.ts';
import type { Operation } from '../operation.ts';
import type { Customer, CustomerBalanceTransaction } from '../wire.ts';

/**
 * Moves a customer's balance by `amount` cents: negative is credit, positive is owed with the next invoice.
 * https://docs.stripe.com/billing/customer/balance
 */
export function moveCustomerBalance(
  operation: Operation,
  customer: Customer,
  amount: number,
  why: {
    type: CustomerBalanceTransaction['type'];
    currency: string;
    invoice?: string;
    description?: string | null;
    metadata?: Record<string, string>;
  },
): CustomerBalanceTransaction {
  const { store, livemode, now } = operation;
  const balance = customer.balance + amount;
  const updated = store.customers.put({ ...customer, balance, currency: customer.currency ?? why.currency });
  operation.emit('customer.updated', updated, { balance: customer.balance });
  return store.customerBalanceTransactions.put({
    id: newId('cbtxn'),
    object: 'customer_balance_transaction',
    amount,
    checkout_session: null,
    created: now,
    credit_note: null,
    currency: why.currency,
    customer: customer.id,
    customer_account: null,
    description: why.description ?? null,
    ending_balance: balance,
    invoice: why.invoice ?? null,
    livemode,
    metadata: why.metadata ?? {},
    type: why.type,
  });
}
