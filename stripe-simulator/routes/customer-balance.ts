/** What moved a customer's balance. https://docs.stripe.com/billing/customer/balance */
import { moveCustomerBalance } from '../behaviour/customer-balance.ts';
import { findCustomer } from '../behaviour/find.ts';
import { invalidRequest } from '../errors.ts';
import { page } from '../list.ts';
import { mergeMetadata } from '../metadata.ts';
import type { Operation } from '../operation.ts';
import { currency, emptyableText, integer, listParams, metadata, params, text } from '../params.ts';
import { route } from '../router.ts';
import type { CustomerBalanceTransaction } from '../wire.ts';

function findTransaction({ store }: Operation, id: string, customer: string): CustomerBalanceTransaction {
  const found = store.customerBalanceTransactions.get(id);
  if (found?.customer === customer) return found;
  throw invalidRequest(`No such customer balance transaction: '${id}'`, {
    code: 'resource_missing',
    param: 'id',
  });
}

/**
 * `/v1/customers/:customer/balance_transactions`. Only adjustments are made here; invoices make the others, and a
 * customer's `balance` where it is set.
 */
export const customerBalanceRoutes = [
  route(
    'POST',
    '/v1/customers/:customer/balance_transactions',
    params({
      amount: integer,
      currency,
      description: text.optional(),
      metadata: metadata.optional(),
    }),
    (request, given, ids) => {
      const customer = findCustomer(request, ids.customer, 'id');
      if (customer.currency !== null && customer.currency !== given.currency) {
        throw invalidRequest(`The customer's currency is ${String(customer.currency)}.`, {
          param: 'currency',
        });
      }
      return moveCustomerBalance(request.at(customer.id), customer, given.amount, {
        type: 'adjustment',
        currency: given.currency,
        description: given.description ?? null,
        metadata: mergeMetadata({}, given.metadata),
      });
    },
  ),

  route(
    'GET',
    '/v1/customers/:customer/balance_transactions',
    listParams({ invoice: text.optional() }),
    (operation, given, { customer }) =>
      page(operation.store.customerBalanceTransactions, {
        url: `/v1/customers/${customer}/balance_transactions`,
        params: given,
        order: operation.store.customerBalanceTransactions.where(
          'customer',
          findCustomer(operation, customer, 'id').id,
        ),
        matches: ({ invoice }) => given.invoice === undefined || invoice === given.invoice,
      }),
  ),

  route(
    'GET',
    '/v1/customers/:customer/balance_transactions/:transaction',
    params({}),
    (operation, _given, { customer, transaction }) => findTransaction(operation, transaction, customer),
  ),

  route(
    'POST',
    '/v1/customers/:customer/balance_transactions/:transaction',
    params({ description: emptyableText.optional(), metadata: metadata.optional() }),
    (operation, given, { customer, transaction }) => {
      const before = findTransaction(operation, transaction, customer);
      return operation.store.customerBalanceTransactions.put({
        ...before,
        description: given.description === undefined ? before.description : given.description,
        metadata: mergeMetadata(before.metadata, given.metadata),
      });
    },
  ),
];
