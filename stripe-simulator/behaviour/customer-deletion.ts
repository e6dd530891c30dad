import type { Operation } from '../operation.ts';
import type { Customer, DeletedObject } from '../wire.ts';
import { cancelSubscription } from './subscription-lifecycle.ts';

/** Deletes a customer for good: subscriptions end, cards are let go. */
export function deleteCustomer(operation: Operation, customer: Customer): DeletedObject {
  const { store } = operation;
  const { id } = customer;
  for (const subscription of store.subscriptions.all('customer', id)) {
    if (subscription.status === 'canceled' || subscription.status === 'incomplete_expired') continue;
    cancelSubscription(operation, subscription);
  }
  for (const method of store.paymentMethods.all('customer', id)) {
    const detached = store.paymentMethods.put({ ...method, customer: null });
    operation.emit('payment_method.detached', detached, { customer: id });
  }
  store.customers.remove(id);
  operation.emit('customer.deleted', customer);
  return store.deleted.put({ id, object: 'customer', deleted: true });
}
